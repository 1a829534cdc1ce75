"""
What llama.cpp's converter (convert_hf_to_gguf.py) asks of a tokenizer, as data for `packages/vocabulary/src/predictions`: the
text whose ids it hashes, the hashes that it knows, and how it reads the tokenizer of each architecture.

    git clone --filter=blob:none https://github.com/ggml-org/llama.cpp
    python tools/oracle/gguf-converter.py llama.cpp COMMIT packages/vocabulary/src/predictions/gguf-converter.json
    python tools/oracle/gguf-converter.py llama.cpp COMMIT --predictions DATA/tokenizers/* > packages/vocabulary/test/fixtures/tokenizer-predictions.json

The second form runs the converter's own function on tokenizers that AutoTokenizer opens, and says whether AutoTokenizer keeps
the ids of tokenizer.json, for the tests.
"""

import ast
import json
import logging
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

# the converter's helpers, and what they need of a folder: see `packages/vocabulary/src/predictions/predict-gguf.ts`
WAYS = {
    "_set_vocab_sentencepiece": "sentencepiece",
    "_set_vocab_llama_hf": "llama-hf",
    "_set_vocab_gpt2": "hash",
    "_set_vocab_glm": "hash",
    "_xlmroberta_set_vocab": "xlm-roberta",
}
# classes that read the files themselves, in a way that a folder's files decide
OWN = {"BertModel": ["wordpiece"], "T5Model": ["unigram"], "T5EncoderModel": ["unigram"]}

# as in `packages/vocabulary/src/predictions/predict-reference.ts`
SAMPLES = [
    "Hello world",
    " The  dog ran 12345 times.",
    "Ünïcödé CAFÉ ﬁne ½",
    "def f(x):\n    return x\n\n\t# end\r\n",
    "你好 हिन्दी العربية",
]


class Converter:
    def __init__(self, repository, commit):
        self.git = lambda *words: subprocess.run(["git", "-C", repository, *words], check=True, capture_output=True, text=True).stdout
        self.commit = self.git("rev-parse", commit).strip()
        names = self.git("ls-tree", "--name-only", self.commit, "conversion/").split()
        self.modules = [ast.parse(self.git("show", f"{self.commit}:{name}")) for name in names if name.endswith(".py")]
        self.classes = {node.name: node for module in self.modules for node in module.body if isinstance(node, ast.ClassDef)}

    def base_function(self, name):
        return next(node for node in self.classes["TextModel"].body if isinstance(node, ast.FunctionDef) and node.name == name)

    def assigned(self, name, within):
        for node in ast.walk(within):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                return ast.literal_eval(node.value)
        raise LookupError(name)

    def hashes(self):
        """The tests stand one behind the other without `else`, so the last name for a hash is its name."""
        found = {}
        for node in self.base_function("get_vocab_base_pre").body:
            if isinstance(node, ast.If) and isinstance(node.test, ast.Compare) and isinstance(node.test.comparators[0], ast.Constant):
                key = node.test.comparators[0].value
                if isinstance(key, str):
                    found[key] = node.body[0].value.value
        return found

    def ancestors(self, name):
        yield name
        for base in self.classes[name].bases if name in self.classes else []:
            if isinstance(base, ast.Name):
                yield from self.ancestors(base.id)

    def ways(self, name):
        """How a class reads a tokenizer, in the order in which it tries."""
        lineage = list(dict.fromkeys(self.ancestors(name)))
        for at, ancestor in enumerate(lineage):
            if ancestor in OWN:
                return OWN[ancestor]
            body = self.classes[ancestor].body if ancestor in self.classes else []
            function = next((node for node in body if isinstance(node, ast.FunctionDef) and node.name == "set_vocab"), None)
            if function is None:
                continue
            called = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
            called.sort(key=lambda node: (node.lineno, node.col_offset))
            found = []
            for node in called:
                word = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if word in ("SentencePieceProcessor", "get_vocab_base_pre", "from_pretrained"):
                    return ["own"]
                if word in WAYS:
                    found.append(WAYS[word])
                if word == "set_vocab":
                    found += self.ways(lineage[at + 1])
            return list(dict.fromkeys(found)) or ["own"]
        return ["own"]

    def architectures(self):
        """By the class that is registered for each architecture of a text model."""
        listed = next(
            ast.literal_eval(node.value)
            for module in self.modules
            for node in module.body
            if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "TEXT_MODEL_MAP"
        )
        registered = {}
        for name, node in self.classes.items():
            if "MmprojModel" in self.ancestors(name):
                continue
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute) and decorator.func.attr == "register":
                    for argument in decorator.args:
                        if isinstance(argument, ast.Constant):
                            registered[argument.value] = name
        grouped = {}
        for architecture in sorted(listed):
            if architecture in registered:
                grouped.setdefault(" ".join(self.ways(registered[architecture])), []).append(architecture)
        return grouped


def write_table(converter, target):
    table = {
        "source": "https://github.com/ggml-org/llama.cpp",
        "commit": converter.commit,
        "date": converter.git("show", "-s", "--format=%cs", converter.commit).strip(),
        "checkText": converter.assigned("chktxt", converter.base_function("get_vocab_base_pre")),
        "preTokenizers": converter.hashes(),
        "architectures": converter.architectures(),
    }
    Path(target).write_text(json.dumps(table, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(f"{len(table['preTokenizers'])} hashes, {sum(map(len, table['architectures'].values()))} architectures")


def write_predictions(converter, folders):
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer

    function = converter.base_function("get_vocab_base_pre")
    scope = {"sha256": sha256, "logger": logging.getLogger("silent")}
    scope["logger"].disabled = True
    exec(compile(ast.Module([function], []), "get_vocab_base_pre", "exec"), scope)
    text = converter.assigned("chktxt", function)
    found = {}
    for folder in folders:
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
        except (OSError, TypeError, ValueError) as error:
            print(f"{folder}: {str(error).splitlines()[0]}", file=sys.stderr)
            continue
        try:
            name = scope["get_vocab_base_pre"](None, tokenizer)
        except NotImplementedError:
            name = None
        file = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
        file.no_padding()
        file.no_truncation()
        found[Path(folder).name] = {
            "hash": sha256(str(tokenizer.encode(text)).encode()).hexdigest(),
            "preTokenizer": name,
            "keepsIds": all(tokenizer.encode(one) == file.encode(one).ids for one in [*SAMPLES, text]),
        }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    repository, commit, *rest = sys.argv[1:]
    converter = Converter(repository, commit)
    if rest[0] == "--predictions":
        write_predictions(converter, rest[1:])
    else:
        write_table(converter, rest[0])
