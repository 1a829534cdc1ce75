"""Shows that the Python client and revocab read each other's cache, over a Hub on 127.0.0.1.

usage: python tools/oracle/hub_cache.py   (from the root of the repository, after npm run build)

1. revocab downloads the sample model; Python reads it offline, file by file, scans the cache, and opens the model.
2. Python downloads the sample model into another cache; revocab swaps it offline.
3. Python reads the metadata of the card that the swap wrote.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "sample/model"
CARD = "---\nlicense: apache-2.0\nlanguage: en\n---\n# A sample\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        card = Path(scratch, "README.md")
        card.write_text(CARD)
        files = {path.name: {"file": str(path)} for path in MODEL.iterdir()} | {"README.md": {"file": str(card)}}
        hub, url = serve({"storageHost": "localhost", "repositories": {"org/sample": files}})
        try:
            ours, theirs = Path(scratch, "ours"), Path(scratch, "theirs")
            check_python_reads_ours(url, ours, files)
            check_revocab_reads_theirs(url, theirs, Path(scratch, "out"))
        finally:
            hub.stdin.close()
            hub.wait()
    print("both read what the other wrote")


def check_python_reads_ours(url: str, home: Path, files: dict) -> None:
    revocab(["eval", "org/sample", "--text", "sample/stories.txt", "--max-bytes", "100"], url, home)
    read = """
        import json
        from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download
        from transformers import AutoModelForCausalLM, AutoTokenizer
        folder = snapshot_download("org/sample")
        info = scan_cache_dir()
        repo = next(iter(info.repos))
        model = AutoModelForCausalLM.from_pretrained("org/sample")
        tokenizer = AutoTokenizer.from_pretrained("org/sample")
        print(json.dumps({
            "files": {name: hf_hub_download("org/sample", name) for name in NAMES},
            "warnings": [str(warning) for warning in info.warnings],
            "repo": repo.repo_id, "refs": sorted(repo.refs), "size": repo.size_on_disk,
            "rows": model.get_input_embeddings().weight.shape[0], "tokens": len(tokenizer),
        }))
    """.replace("NAMES", repr(sorted(files)))
    found = python(read, {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1"})
    for name, path in found["files"].items():
        expect(sha256(path), sha256(files[name]["file"]), name)
    expect(found["warnings"], [], "warnings of scan_cache_dir")
    expect((found["repo"], found["refs"]), ("org/sample", ["main"]), "the repository in the cache")
    expect(found["size"], sum(os.path.getsize(file["file"]) for file in files.values()), "bytes in the cache")
    expect((found["rows"], found["tokens"]), (1280, 1280), "rows and tokens")
    print(f"Python reads {len(files)} files of revocab's cache offline, and opens the model")


def check_revocab_reads_theirs(url: str, home: Path, out: Path) -> None:
    download = """
        import json
        from huggingface_hub import snapshot_download
        print(json.dumps(snapshot_download("org/sample")))
    """
    python(download, {"HF_HOME": str(home), "HF_ENDPOINT": url, "HF_HUB_OFFLINE": ""})
    args = ["swap", "org/sample", "--tokenizer", "sample/tokenizer", "--out", str(out)]
    revocab(args, "http://127.0.0.1:9", home, offline=True)
    report = json.loads((out / "revocab.json").read_text())
    expect(report["inputs"]["source"]["name"], "org/sample", "the source's name")
    expect(report["inputs"]["source"]["files"]["model.safetensors"], sha256(MODEL / "model.safetensors"), "weights")
    print("revocab swaps a model of Python's cache offline")
    card = f"""
        import json
        from huggingface_hub import ModelCard
        data = ModelCard.load({str(out / "README.md")!r}).data
        print(json.dumps(data.to_dict()))
    """
    data = python(card, {"HF_HUB_OFFLINE": "1"})
    expected = {"base_model": ["org/sample"], "base_model_relation": "finetune", "license": "apache-2.0"}
    expected |= {"language": ["en"], "library_name": "transformers", "tags": ["revocab", "tokenizer-transfer"]}
    expect(data, expected, "the metadata of the card")
    print("Python reads the metadata of the card that revocab wrote")


def serve(config: dict) -> tuple[subprocess.Popen, str]:
    command = ["node", str(ROOT / "tools/loopback-hub/dist/serve.js"), json.dumps(config)]
    hub = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return hub, json.loads(hub.stdout.readline())["url"]


def revocab(args: list[str], url: str, home: Path, offline: bool = False) -> None:
    env = os.environ | {"HF_ENDPOINT": url, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1" if offline else ""}
    command = ["node", str(ROOT / "apps/revocab/bin/revocab.js"), *args, "--quiet"]
    subprocess.run(command, env=env, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def python(code: str, env: dict[str, str]) -> object:
    """Runs code in a process of its own, as the client reads its environment when it is imported. The Hub has no Xet storage."""
    lines = [line[8:] for line in code.strip("\n").split("\n")]
    command = [sys.executable, "-c", "\n".join(lines)]
    done = subprocess.run(command, env=os.environ | env | {"HF_HUB_DISABLE_XET": "1"}, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.strip().split("\n")[-1])


def sha256(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def expect(found: object, expected: object, what: str) -> None:
    if found != expected:
        raise SystemExit(f"{what}: {found!r} was found, {expected!r} was expected")


if __name__ == "__main__":
    main()
