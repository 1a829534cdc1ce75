"""How the classes of the reference library number the pieces of a folder whose only vocabulary is a SentencePiece `.model`.

    python tools/oracle/sentencepiece-readers.py

Writes packages/vocabulary/test/fixtures/sentencepiece/readers.json: two small models, and the model's vocabulary that each
class makes of them. Needs transformers 5.18 and sentencepiece 0.2.2.
"""

import importlib.util
import json
import tempfile
from pathlib import Path

from sentencepiece import sentencepiece_model_pb2 as proto
from transformers import AutoTokenizer

HERE = Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("formats", HERE / "tokenizer-formats.py")
formats = importlib.util.module_from_spec(spec)
spec.loader.exec_module(formats)
FIXTURES = HERE.parents[1] / "packages/vocabulary/test/fixtures/sentencepiece"
HEADS = {
    "llama": [("<unk>", 2), ("<s>", 3), ("</s>", 3)],
    "t5": [("<pad>", 3), ("</s>", 3), ("<unk>", 2)],
}
CONFIGS = [{}, {"pad_token": "<extra_pad>"}, {"extra_ids": 3}]


def main():
    result = {"madeBy": "tools/oracle/sentencepiece-readers.py", "classes": []}
    for tokenizer_class in sorted(formats.all_classes(), key=lambda each: each.__name__):
        name = tokenizer_class.vocab_files_names.get("vocab_file") or ""
        if not issubclass(tokenizer_class, formats.TokenizersBackend) or not name.endswith(".model"):
            continue
        algorithm = 2 if getattr(tokenizer_class, "model", None) and tokenizer_class.model.__name__ == "BPE" else 1
        for layout in HEADS:
            for config in CONFIGS:
                with tempfile.TemporaryDirectory() as folder:
                    (Path(folder) / name).write_bytes(model(algorithm, layout))
                    (Path(folder) / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": tokenizer_class.__name__, **config}))
                    try:
                        tokenizer = AutoTokenizer.from_pretrained(folder)
                    except Exception as error:
                        print(tokenizer_class.__name__, layout, config, "cannot be opened:", repr(error)[:80])
                        continue
                vocab = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["vocab"]
                pieces = [piece for piece, _ in vocab] if isinstance(vocab, list) else sorted(vocab, key=vocab.get)
                if isinstance(vocab, dict) and sorted(vocab.values()) != list(range(len(vocab))):
                    print(tokenizer_class.__name__, layout, config, "has holes")
                    continue
                result["classes"].append({"class": tokenizer_class.__name__, "file": name, "algorithm": algorithm, "layout": layout, "config": config, "pieces": " ".join(pieces)})
    formats.write(FIXTURES / "readers.json", result)
    print(len(result["classes"]))


def model(algorithm, layout):
    written = proto.ModelProto()
    pieces = [*((text, 0.0, kind) for text, kind in HEADS[layout]), *((text, -1.0 - i, 1) for i, text in enumerate(["▁", "a", "b", "c", "ab", "▁a", "abc"]))]
    for text, score, kind in pieces:
        piece = written.pieces.add()
        piece.piece, piece.score, piece.type = text, score, kind
    written.trainer_spec.model_type = algorithm
    written.trainer_spec.unk_id = [text for text, _ in HEADS[layout]].index("<unk>")
    # Several classes cannot be built without a charsmap.
    source = proto.ModelProto.FromString((FIXTURES / "unigram-symbols.model").read_bytes())
    written.normalizer_spec.precompiled_charsmap = source.normalizer_spec.precompiled_charsmap
    return written.SerializeToString()


if __name__ == "__main__":
    main()
