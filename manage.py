#!/usr/bin/env python
"""The command-line door."""

import os
import sys


def main() -> None:
    """Run a management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskops.settings")
    from django.core.management import execute_from_command_line

    import riskops  # noqa: F401  (puts collections/ on the path)

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
