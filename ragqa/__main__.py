"""``python -m ragqa`` is ``ragqa``."""

from ragqa.cli import main

if __name__ == "__main__":
    main()
