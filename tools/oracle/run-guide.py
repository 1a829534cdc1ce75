"""
Runs the Python blocks of a guide, after its shell blocks, as a reader would: one after another in a folder that has the sample.
A remark behind a `print(…)` that stands alone on its line is what it prints.

    python tools/oracle/run-guide.py docs/guides/after-a-swap.md
"""

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
ROOT = Path(__file__).resolve().parents[2]


def main(guide: str) -> None:
    text = Path(guide).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sample").symlink_to(ROOT / "sample")
        (Path(folder) / "out").mkdir()
        os.chdir(folder)
        for language, block in re.findall(r"^```(sh|python)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            if language == "sh":
                program = f"node {ROOT}/apps/revocab/bin/revocab.js"
                subprocess.run(["bash", "-ec", block.replace("npx revocab", program)], check=True, stdout=subprocess.DEVNULL)
            else:
                run(block)


def run(block: str) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, "<guide>", "exec"), {"__name__": "__main__"})
    lines = printed.getvalue().splitlines()
    expected = re.findall(r"^\s*print\(.*\)  # (.+)$", block, re.MULTILINE)
    missing = [line for line in expected if line not in lines]
    if missing:
        raise SystemExit(f"the guide shows {missing}, but the block printed {lines}")
    print(f"{len(expected)} of {len(expected)} lines as shown: {', '.join(expected)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
