"""Shows that the loopback Hub copies files as the Python client asks for it, and that Python opens what revocab makes there.

usage: python tools/oracle/hub_copy.py   (from the root of the repository, after npm run build)

1. Python copies the weight files of the sample, in shards, to another repository by `CommitOperationCopy`.
2. revocab swaps the same repository into a third by `swap --remote=only`.
3. Python downloads the result and opens it.
The Hub must have nothing to complain about.
"""

import json
import os
import tempfile
from pathlib import Path

from hub_cache import MODEL, ROOT, expect, python, revocab, serve

TOKEN = "hf_loopbackToken"


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch, "model")
        write_shards(model)
        repositories = {
            "org/sample": files_of(model),
            "org/tokenizer": files_of(ROOT / "sample/tokenizer"),
            "me/theirs": {},
            "me/ours": {},
        }
        hub, url = serve({"storageHost": "localhost", "repositories": repositories})
        os.environ["HF_TOKEN"] = TOKEN
        home = Path(scratch, "home")
        client = {"HF_ENDPOINT": url, "HF_HOME": str(home), "HF_HUB_OFFLINE": ""}
        try:
            shards = sorted(path.name for path in model.glob("*.safetensors"))
            python(copying(shards), client)
            print(f"Python copies {len(shards)} files from repository to repository")
            swap = ["swap", "org/sample", "--tokenizer", "org/tokenizer", "--publish", "me/ours", "--remote=only"]
            revocab(swap, url, Path(scratch, "ours"))
            expect(python(OPEN, client), {"rows": 3000, "tokens": 3000}, "rows and tokens")
            print("Python opens what revocab made on the Hub")
            hub.stdin.write("\n")
            hub.stdin.flush()
            expect(json.loads(hub.stdout.readline())["complaints"], [], "complaints of the Hub")
        finally:
            hub.stdin.close()
            hub.wait()


def write_shards(folder: Path) -> None:
    write = f"""
        from transformers import AutoModelForCausalLM, AutoTokenizer
        AutoModelForCausalLM.from_pretrained({str(MODEL)!r}).save_pretrained({str(folder)!r}, max_shard_size="400KB")
        AutoTokenizer.from_pretrained({str(MODEL)!r}).save_pretrained({str(folder)!r})
        print("{{}}")
    """
    python(write, {"HF_HUB_OFFLINE": "1"})


def files_of(folder: Path) -> dict[str, dict[str, str]]:
    return {path.name: {"file": str(path)} for path in folder.iterdir() if path.is_file()}


def copying(names: list[str]) -> str:
    return f"""
        import json
        from huggingface_hub import CommitOperationCopy, HfApi
        copies = [
            CommitOperationCopy(
                src_path_in_repo=name, path_in_repo=name, src_repo_id="org/sample", src_repo_type="model"
            )
            for name in {names!r}
        ]
        print(json.dumps(HfApi().create_commit("me/theirs", copies, commit_message="copied").oid))
    """


OPEN = """
        import json
        from transformers import AutoModelForCausalLM, AutoTokenizer
        model = AutoModelForCausalLM.from_pretrained("me/ours")
        rows = model.get_input_embeddings().weight.shape[0]
        print(json.dumps({"rows": rows, "tokens": len(AutoTokenizer.from_pretrained("me/ours"))}))
    """


if __name__ == "__main__":
    main()
