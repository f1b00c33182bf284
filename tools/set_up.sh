#!/bin/sh
# Finds a Python that fits and hands over to tools/set_up.py. POSIX sh, because on a fresh machine there is nothing else.
# PYTHON=/path/to/python chooses one; otherwise the first of these that is 3.11, 3.12 or 3.13.
cd "$(dirname "$0")/.." || exit 1

fits() {
    "$1" -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13)))' >/dev/null 2>&1
}

if [ -n "${PYTHON:-}" ]; then
    if ! fits "$PYTHON"; then
        found=$("$PYTHON" --version 2>/dev/null || echo "no Python that runs")
        echo "PYTHON=$PYTHON is $found; riskops needs Python 3.11, 3.12 or 3.13." >&2
        echo "Name another one (make setup PYTHON=/path/to/python3.12), or leave PYTHON out and one is looked for." >&2
        exit 2
    fi
    exec "$PYTHON" tools/set_up.py --chosen "$@"
fi

for candidate in .venv/bin/python python3 python3.13 python3.12 python3.11 python; do
    if fits "$candidate"; then
        exec "$candidate" tools/set_up.py "$@"
    fi
done
echo "No Python 3.11, 3.12 or 3.13 was found (python3 here is: $(python3 --version 2>&1 | head -n 1))." >&2
echo "Install one (python.org, your package manager, pyenv), or name it: make setup PYTHON=/path/to/python3.12" >&2
exit 2
