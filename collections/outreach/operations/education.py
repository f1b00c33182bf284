"""Education articles: what their versions may say. Their life is that of every version (operations/versions.py)."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _

from outreach.models import EducationArticle
from outreach.operations.version_refusals import VersionMalformed
from outreach.operations.versions import Kind
from outreach.roles import APPROVE_EDUCATION, DRAFT_EDUCATION


def _check_texts(article: EducationArticle) -> None:
    """Refuse a text that is no text in one of the languages."""
    for column in ("body_en", "body_zh"):
        if len(getattr(article, column).strip()) < 20:
            raise VersionMalformed(column, _("Write a whole text in both languages; customers read the one of their language."))


#: A slip may be mended today: customers read the version that holds when they open the page.
ARTICLES: Final = Kind(
    model=EducationArticle,
    subject="education article",
    draft=DRAFT_EDUCATION,
    approve=APPROVE_EDUCATION,
    check=_check_texts,
    days_ahead=0,
)
