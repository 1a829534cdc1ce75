"""Holds `followVocabulary` against every config class of the reference library.

    python tools/oracle/config-follow.py

For each model type a config that says nothing, so that all defaults are in force, and one that writes everything out.
config-follow.mjs makes each follow a vocabulary in which every id is one higher. The library reads source and result: each
key that holds an id by config-token-ids.json must be one higher, lists and parts included, each size too, and nothing else
may differ. Needs the built packages and transformers 5 (made with 5.18).
"""

import json
import os
import subprocess
import tempfile
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # some configs look for a backbone's
import transformers as hf
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

warnings.filterwarnings("ignore")
hf.logging.set_verbosity_error()
HERE = Path(__file__).parent
DATA = json.loads((HERE / "../../packages/checkpoint/src/config-token-ids.json").read_text())
ROLES = {"bos", "eos", "pad", "unk", "mask", "sep", "cls"}
ID_KINDS = ROLES | {"id", "suppressed", "words"}


def entry(model_type):
    return DATA["modelTypes"].get(model_type, {})


def kinds_of(config, model_type, path=(), other=False):
    """Of each key of a config what it is; "other" for all of a part with another vocabulary."""
    known = entry(model_type)
    other = other or known.get("otherVocabulary", False)
    kinds = {}
    for key, value in config.items():
        kind = known.get("keys", {}).get(key, DATA["keys"].get(key))
        if isinstance(value, dict) and kind is None:
            part = value.get("model_type") or known.get("parts", {}).get(key)
            is_other = key in known.get("otherParts", []) or (key in DATA["otherParts"] and key not in known.get("parts", {}))
            kinds.update(kinds_of(value, part, (*path, key), other or is_other))
        else:
            kinds[(*path, key)] = "other" if other or kind is None else kind
    return kinds


def raised(value):
    if isinstance(value, (list, tuple)):
        return [raised(item) for item in value]
    if isinstance(value, dict):
        return {key: raised(item) for key, item in value.items()}
    return value + 1 if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else value


def main() -> None:
    configs, skipped = {}, {}
    for model_type, config_class in CONFIG_MAPPING.items():
        try:
            whole = json.loads(config_class().to_json_string(use_diff=False))
        except Exception as error:
            skipped[model_type] = str(error).splitlines()[0][:80]
            continue
        kinds = kinds_of(whole, model_type)
        values = flat_by(whole, kinds)
        sizes = [values.get(path) for path, kind in kinds.items() if kind == "size"]
        rows = next((size for size in sizes if isinstance(size, int)), None)
        if rows is None:
            continue  # no text vocabulary
        for form, value in (("sparse", {"model_type": model_type}), ("whole", whole)):
            configs[f"{model_type} {form}"] = {"text": json.dumps(value, indent=2), "rows": rows}
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder, "configs.json"), Path(folder, "followed.json")
        given.write_text(json.dumps(configs))
        subprocess.run(["node", HERE / "config-follow.mjs", given, made], check=True)
        followed = json.loads(made.read_text())
    right, refused, wrong = 0, {}, {}
    for name, config in configs.items():
        model_type = name.split()[0]
        result = followed[name]
        if "error" in result or result["unmapped"]:
            refused[name] = result.get("error") or [value["path"] for value in result["unmapped"]]
            continue
        problems = judge(model_type, config, result["text"])
        if problems:
            wrong[name] = problems
        else:
            right += 1
    for title, found in (("refused", refused), ("wrong", wrong), ("could not be made", skipped)):
        for name, why in found.items():
            print(f"{title:9} {name}: {why}")
    print(f"{len(configs)} configs of {len(configs) // 2} model types: {right} right, {len(refused)} refused, {len(wrong)} wrong; "
          f"{len(skipped)} could not be made")


def judge(model_type, config, result):
    config_class = CONFIG_MAPPING[model_type]
    try:
        before, after = (read(config_class, text) for text in (config["text"], result))
    except Exception as error:
        return [f"the library does not read it: {str(error).splitlines()[0]}"]
    kinds = kinds_of(before, model_type)
    problems = []
    values, written = flat_by(before, kinds), flat_by(after, kinds)
    for path, value in values.items():
        kind = kinds.get(path, "other")
        if kind in ID_KINDS:
            expected = raised(value)
        elif kind in ("size", "tokens") and value == config["rows"]:
            expected = value + 1
        elif kind == "layerSize":
            expected = config["rows"] + 1
        else:
            expected = value
        if written.get(path) != expected:
            problems.append(f"{'.'.join(path)} {value} -> {written.get(path)}, expected {expected}")
    problems += [f"{'.'.join(path)} is new" for path in written.keys() - values.keys()]
    return problems


def read(config_class, text):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(text)
        return json.loads(config_class.from_pretrained(folder).to_json_string(use_diff=False))


def flat_by(value, kinds, path=()):
    """Leaves, and as a whole what is known to be one value (a map of ids)."""
    if isinstance(value, dict) and path not in kinds:
        return {p: v for key, item in value.items() for p, v in flat_by(item, kinds, (*path, key)).items()}
    return {path: value}


if __name__ == "__main__":
    main()
