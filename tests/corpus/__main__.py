from __future__ import annotations

import sys
from pathlib import Path

from tests.corpus import course


def main() -> None:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("Which images? make corpus CORPUS=folder")
    done = course.run(course.files_of(Path(sys.argv[1])))
    for one in done.judged:
        sys.stdout.write(f"{one.verdict:12} {one.milliseconds:7.0f} ms  {one.name}\n")
    sys.stdout.write(done.summary() + "\n")
    sys.exit(1 if done.troubles or done.children_left else 0)


if __name__ == "__main__":
    main()
