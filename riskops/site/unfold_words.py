"""What django-unfold says on the admin's pages and brings no translation of: here so that our catalogue has it.

tests/site/test_admin_pages.py finds what is missing, as after an upgrade.
"""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop

WORDS: Final = (
    # Lists
    gettext_noop("Type to search"),
    gettext_noop("Previous"),
    gettext_noop("Next"),
    gettext_noop("No results found"),
    gettext_noop("This page yielded into no results. Create a new item or reset your filters."),
    gettext_noop("Reset filters"),
    gettext_noop("Apply Filters"),
    gettext_noop("Select all rows"),
    gettext_noop("Select record"),
    gettext_noop("Select action"),
    gettext_noop("Select action to run"),
    gettext_noop("Run"),
    gettext_noop("More actions"),
    gettext_noop("True"),
    gettext_noop("False"),
    # Forms
    gettext_noop("Go back"),
    gettext_noop("Select value"),
    gettext_noop("Toggle password visibility"),
    gettext_noop("After you've created a user, you’ll be able to edit more user options."),
    gettext_noop(
        "Raw passwords are not stored, so there is no way to see this user’s password, but you can change the password using "
        '<a href="{}" class="text-primary-600 dark:text-primary-500">this form</a>.'
    ),
)
