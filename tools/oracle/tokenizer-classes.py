"""
Writes packages/vocabulary/src/reference/tokenizer-classes.json: what each tokenizer class of transformers does with the files
of a folder, and how AutoTokenizer chooses between the classes. Made with transformers 5.18 and tokenizers 0.23.

    python tools/oracle/tokenizer-classes.py

A class that has its own __init__ ignores all components of a tokenizer.json but its vocabulary, merges and post-processor, and
builds the others itself. What it builds is found out by building it: once for each value of each of its switches
(do_lower_case, add_prefix_space, ...), around a vocabulary of markers, so that names of special tokens can be told from text.
"""

import base64
import inspect
import itertools
import json
import sys
from pathlib import Path

import transformers
from tokenizers import AddedToken, processors
from transformers.convert_slow_tokenizer import SLOW_TO_FAST_CONVERTERS
from transformers.models.auto import tokenization_auto as auto
from transformers.tokenization_python import PythonBackend
from transformers.tokenization_utils_base import PreTrainedTokenizerBase
from transformers.tokenization_utils_sentencepiece import SentencePieceBackend
from transformers.tokenization_utils_tokenizers import TokenizersBackend

OUT = Path(__file__).parents[2] / "packages/vocabulary/src/reference/tokenizer-classes.json"
ROLES = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"]
# A charsmap that replaces nothing: a trie of 256 empty units, and no text.
CHARSMAP = (1024).to_bytes(4, "little") + bytes(1024)
CHARSMAP_TEXT = base64.b64encode(CHARSMAP).decode()
ABSENT = object()
LANGUAGES = {"src_lang": "ro_RO", "tgt_lang": "vie"}


def main():
    classes, aliases, left = {}, {}, {}
    for name, cls in all_classes():
        if name != cls.__name__:
            aliases[name] = cls.__name__
        if cls.__name__ in classes or cls.__name__ in left:
            continue
        try:
            classes[cls.__name__] = describe(cls)
        except Exception as error:
            left[cls.__name__] = f"{type(error).__name__}: {error}"
    for name, cls in {"BloomTokenizer": "TokenizersBackend", "BloomTokenizerFast": "TokenizersBackend"}.items():
        aliases[name] = cls
    table = {
        "madeBy": f"tools/oracle/tokenizer-classes.py with transformers {transformers.__version__}",
        "modelTypes": {
            key: "TokenizersBackend" if value == "MistralCommonBackend" else value
            for key, value in auto.TOKENIZER_MAPPING_NAMES.items()
            if value is not None
        },
        "configTypes": config_types(),
        "ownClassModelTypes": sorted(auto.MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS),
        "aliases": dict(sorted(aliases.items())),
        "classes": dict(sorted(classes.items())),
    }
    OUT.write_text(compact(table) + "\n", encoding="utf-8")
    print(f"{len(classes)} classes, {OUT.stat().st_size} bytes", file=sys.stderr)
    for name, why in left.items():
        print(f"left out {name}: {why}", file=sys.stderr)


def config_types():
    """The class of each model type that has a config, where no file names another; null where it is that of modelTypes."""
    types = {}
    for name in sorted(auto.CONFIG_MAPPING_NAMES):
        listed = auto.TOKENIZER_MAPPING_NAMES.get(name)
        try:
            cls = auto.TOKENIZER_MAPPING.get(transformers.CONFIG_MAPPING[name], TokenizersBackend)
        except Exception:
            cls = TokenizersBackend
        found = getattr(cls, "__name__", "TokenizersBackend")
        found = "TokenizersBackend" if "Mistral" in found else found
        same = listed is not None and getattr(auto.tokenizer_class_from_name(listed), "__name__", None) == found
        types[name] = None if same or (listed == "MistralCommonBackend" and found == "TokenizersBackend") else found
    return types


def all_classes():
    names = {name for name in auto.TOKENIZER_MAPPING_NAMES.values() if name}
    names |= {name for name in dir(transformers) if name.endswith(("Tokenizer", "TokenizerFast", "Backend"))}
    # Older names that the library still finds a class for.
    names |= {"PreTrainedTokenizer", *SLOW_TO_FAST_CONVERTERS}
    for name in sorted(names):
        try:
            cls = auto.tokenizer_class_from_name(name)
        except Exception:
            continue
        if inspect.isclass(cls) and issubclass(cls, PreTrainedTokenizerBase):
            yield name, cls


def describe(cls):
    if issubclass(cls, TokenizersBackend):
        backend = "tokenizers"
    elif issubclass(cls, SentencePieceBackend):
        backend = "sentencepiece"
    else:
        backend = "python"
    files = {key: name for key, name in cls.vocab_files_names.items() if key not in ("tokenizer_config_file",)}
    described = {
        "backend": backend,
        "files": files,
        "paddingSide": cls.padding_side,
        "truncationSide": cls.truncation_side,
        "modelInputNames": list(cls.model_input_names),
    }
    if backend != "tokenizers":
        if backend == "sentencepiece" and not any("_convert_token_to_id" in c.__dict__ for c in cls.__mro__ if c is not SentencePieceBackend and issubclass(c, SentencePieceBackend)):
            described["plainIds"] = True
        return described
    # Code of its own that changes ids on their way out, or what must be given with a text.
    own = [
        name
        for name in ("__call__", "_encode_plus", "_batch_encode_plus", "encode", "encode_plus", "tokenize", "_decode", "decode", "_tokenize")
        if getattr(cls, name, None) is not getattr(TokenizersBackend, name, None)
    ]
    if hasattr(cls, "_wrap_decode_method_backend_tokenizer"):
        own.append("decode")
    prefixes = [
        name
        for name in ("set_src_lang_special_tokens", "set_tgt_lang_special_tokens", "set_prefix_tokens", "get_decoder_prompt_ids", "set_infilling_processor", "get_sentinel_tokens")
        if hasattr(cls, name)
    ]
    if own:
        described["code"] = own
    if prefixes:
        described["prompts"] = prefixes
    if cls is TokenizersBackend or "__init__" not in cls.__dict__:
        parent = next(c for c in cls.__mro__[1:] if "__init__" in c.__dict__)
        # tokenizer.json is read whole; a class that inherits the __init__ of a rebuilding one still replaces it.
        if cls is TokenizersBackend or parent is TokenizersBackend:
            return described
        described["readsFileFirst"] = True
    described["rebuild"] = rebuild_of(cls)
    return described


class Probe:
    """Builds a class around a vocabulary of markers."""

    def __init__(self, cls):
        self.cls = cls
        self.parameters = {}
        self.padding = 0
        self.unknown = None
        self.unknown_score, self.unknown_place = 0.0, None
        for base in cls.__mro__:
            if "__init__" not in base.__dict__ or base is TokenizersBackend:
                continue
            for name, parameter in inspect.signature(base.__init__).parameters.items():
                if parameter.kind is not parameter.VAR_KEYWORD and name not in ("self", "args", "vocab", "merges"):
                    self.parameters.setdefault(name, parameter.default)
            if not any(p.kind is p.VAR_KEYWORD for p in inspect.signature(base.__init__).parameters.values()):
                break
        self.tokens = [name for name in self.parameters if name.endswith("_token") and not name.startswith("add_")]
        self.model = cls.model.__name__ if cls.model is not None else self.guess_model()

    def guess_model(self):
        for model in ("Unigram", "WordPiece", "BPE"):
            self.model, self.padding = model, 0
            try:
                return json.loads(self.build({}).backend_tokenizer.to_str())["model"]["type"]
            except Exception:
                continue
        raise ValueError("no vocabulary opens it")

    def marker(self, name):
        return f"⟦{name}⟧"

    def build(self, values, *, named=None, extra=ABSENT, post=None, file_tokens=()):
        named = self.tokens if named is None else named
        pieces = [f"pad{i}" for i in range(self.padding)]
        pieces += [self.marker(name) for name in dict.fromkeys(ROLES + self.tokens + ["src_lang", "tgt_lang"])]
        pieces += ["<s>", "</s>", "<unk>", "<pad>", "<mask>", "en_XX", "eng_Latn", "python", ".", "a", "b", "ab", "▁"]
        pieces += ["__eng__", "__fra__", "__ro_RO__", "__vie__", "vie", "ro_RO", "__python__", "<|startoftranscript|>", "<|endoftext|>", "<|notimestamps|>"]
        pieces += [str(value) for name, value in self.parameters.items() if name in self.tokens and value is not None]
        pieces = list(dict.fromkeys(pieces))
        unknown = self.marker("unk_token")
        if self.unknown_place is not None:
            pieces.remove(unknown)
        if self.unknown_place == "first":
            pieces.insert(0, unknown)
        if self.model == "Unigram":
            vocabulary = {"vocab": [(piece, self.unknown_score if piece == unknown else 0.0) for piece in pieces]}
        else:
            vocabulary = {"vocab": {piece: i for i, piece in enumerate(pieces)}}
            if self.model == "BPE":
                vocabulary["merges"] = [("a", "b")]
        arguments = {name: self.marker(name) for name in named}
        arguments.update({name: value for name, value in values.items() if value is not ABSENT})
        if extra is not ABSENT:
            arguments["extra_special_tokens"] = extra
        if post is not None:
            arguments["post_processor"] = post
        return self.cls(**vocabulary, **arguments)

    def components(self, values, **how):
        tokenizer = self.build(values, **how)
        document = json.loads(tokenizer.backend_tokenizer.to_str())
        model = {key: value for key, value in document["model"].items() if key not in ("vocab", "merges")}
        if self.unknown is not None:
            model["unk_id"] = self.unknown
        vocabulary = {id: piece for piece, id in tokenizer.get_vocab().items()}
        # An id that stays where all pieces move is one that the class has fixed.
        self.padding += 3
        moved = json.loads(self.build(values, **how).backend_tokenizer.to_str())["post_processor"]
        self.padding -= 3
        return {
            "normalizer": document["normalizer"],
            "pre_tokenizer": document["pre_tokenizer"],
            "decoder": document["decoder"],
            "post_processor": without_ids(document["post_processor"], moved, vocabulary),
            "model": model,
        }


def rebuild_of(cls):
    probe = Probe(cls)
    own_names = list(cls.model_input_names)
    switches = [
        name
        for name, default in probe.parameters.items()
        if (default is None or isinstance(default, bool)) and not name.endswith(("_token", "_file"))
        and name not in ("additional_special_tokens", "extra_special_tokens", "vocab", "merges", "entity_vocab", "language", "task", "src_lang", "tgt_lang", "tags_dict")
        and "charsmap" not in name
    ]
    switches += [name for name in ("add_bos_token", "add_eos_token") if name in probe.parameters and name not in switches]
    values = {name: [True, False, None] for name in switches}
    if "_spm_precompiled_charsmap" in probe.parameters:
        values["_spm_precompiled_charsmap"] = [None, CHARSMAP]
    base = {name: probe.parameters[name] for name in values}
    # Languages must be those that a class knows; what they lead to is told by their names.
    for name, language in LANGUAGES.items():
        if name in probe.parameters:
            is_code = isinstance(probe.parameters[name], str)
            values[name] = [language] if is_code else [None, language]
            base[name] = language if is_code else None
    base = {name: value for name, value in base.items() if value is not inspect.Parameter.empty}
    values["padding_side"] = ["right", "left"]
    base["padding_side"] = cls.padding_side
    if "tags_dict" in probe.parameters:
        base["tags_dict"] = {"a": 0}
    given = processors.TemplateProcessing(single="⟦file⟧:0 $A:0", pair="⟦file⟧:0 $A:0 $B:1", special_tokens=[("⟦file⟧", 0)])
    probe.unknown = unknown_place(probe, base)
    result = {"model": probe.model}
    for part in ("model", "normalizer", "pre_tokenizer", "decoder", "post_processor"):
        how = {"post": given} if part == "post_processor" else {}
        result_part = table_of(probe, part, base, values, how)
        if part == "post_processor":
            # What becomes of the file's own, and what is there where it has none.
            missing = table_of(probe, part, base, values, {})
            result["postProcessor"] = {"given": result_part, **({"missing": missing} if missing != result_part else {})}
        else:
            result[{"pre_tokenizer": "preTokenizer"}.get(part, part) + ("Options" if part == "model" else "")] = result_part
    # Where no tokenizer.json is there, a config may say that bos and eos are put around a text; some classes say it themselves.
    named = {**base, **{name: probe.marker(name) for name in ("bos_token", "eos_token")}}
    ends = probe.components({**named, "add_bos_token": True, "add_eos_token": True})["post_processor"]
    around = [item.get("SpecialToken", {}).get("id") for item in (ends or {}).get("single", [])]
    if len(around) == 3 and around[0] == "⟦bos_token⟧" and around[2] == "⟦eos_token⟧":
        plain_ends = probe.components(named)["post_processor"]
        if plain_ends != ends:
            result["endsByConfig"] = True
    defaults = probe.build({"tags_dict": {"a": 0}} if "tags_dict" in probe.parameters else {}, named=[])
    result["tokens"] = {
        name: parameter if not isinstance(parameter, AddedToken) else flags(parameter)
        for name, parameter in probe.parameters.items()
        if name in probe.tokens
    }
    marked = probe.build(base)
    result["wraps"] = {
        name: {key: value for key, value in flags(token).items() if key != "content"}
        for name, token in marked._special_tokens_map.items()
        if isinstance(token, AddedToken)
    }
    # An order that the class gives its named tokens: the model-specific ones come last.
    result["names"] = [name for name in marked._special_tokens_map]
    result["extra"] = [token if isinstance(token, str) else flags(token) for token in added_extra(defaults)]
    defaults_extra = [str(token) for token in added_extra(defaults)]
    result["extraGiven"] = extra_rule(probe.build(base, extra=["⟦x⟧"]), defaults_extra)
    result["additionalGiven"] = extra_rule(probe.build({**base, "additional_special_tokens": ["⟦x⟧"]}), defaults_extra)
    both = [str(token) for token in added_extra(probe.build({**base, "additional_special_tokens": ["⟦y⟧"]}, extra=["⟦x⟧"]))]
    if "⟦y⟧" in both:
        result["bothGiven"] = both
    names = {}
    for name, options in values.items():
        for option in options:
            try:
                found = probe.build({**base, name: option}).model_input_names
            except Exception:
                continue
            # Some classes write to the list of the class.
            found = list(dict.fromkeys(found))
            cls.model_input_names = list(own_names)
            if found != own_names:
                names[f"{name},{json.dumps(option)}"] = found
    if names:
        result["inputNamesIf"] = names
    if "extra_special_tokens" in probe.parameters:
        result["extraNull"] = "default"
    # Some classes add their named tokens once more in the end, without the flags that a file gave them.
    token = AddedToken(probe.marker("eos_token"), lstrip=True, normalized=True, special=True)
    if "eos_token" in probe.tokens:
        flagged = probe.build({**base, "eos_token": token, "added_tokens_decoder": {1: token}})
        kept = next(t for t in flagged.added_tokens_decoder.values() if t.content == token.content)
        if not kept.lstrip:
            result["resets"] = True
    settings = {}
    for key in ("model_max_length", "padding_side", "truncation_side"):
        value = getattr(defaults, key)
        if key == "model_max_length" and value > 1e20 or value == getattr(cls, key, None):
            continue
        settings[key] = value
    if settings:
        result["settings"] = settings
    # What changes a prompt by more than its name: only the default is known.
    by = json.dumps(result["postProcessor"])
    fixed = {name: probe.parameters[name] for name in ("src_lang", "language", "task") if name in probe.parameters and f'["{name}"' not in by and f', "{name}"]' not in by}
    fixed = {name: value for name, value in fixed.items() if name not in LANGUAGES} | fixed_parameters(probe, base)
    if fixed:
        result["fixed"] = fixed
    needs = [name for name in probe.tokens if not opens(probe, {**base, name: None})]
    if needs:
        result["needs"] = needs
    languages = {name: probe.parameters[name] for name in LANGUAGES if isinstance(probe.parameters.get(name), str)}
    if languages:
        result["languages"] = languages
    if probe.parameters.get("extra_ids") is not None:
        result["extraIds"] = probe.parameters["extra_ids"]
    return result


def unknown_place(probe, base):
    """
    How a class finds the unknown piece of a Unigram: by its name, at a place that a parameter says, or None for a place of its own.
    Found by name, the piece may have to have the score 0 or not be the first, and there may be a place for where it is not there.
    """

    def place(values=base, **changes):
        for name, value in changes.items():
            setattr(probe, name, value)
        try:
            return json.loads(probe.build(values).backend_tokenizer.to_str())["model"].get("unk_id")
        except Exception:
            return None
        finally:
            probe.padding, probe.unknown_score, probe.unknown_place = 0, 0.0, None

    def without_name(**changes):
        here = place(**changes)
        if here is None:
            return None
        if "unk_id" in probe.parameters and place({**base, "unk_id": here + 1}, **changes) == here + 1:
            return {"$parameter": "unk_id", "default": here}
        return here

    here = place()
    if here is None:
        return None
    if here == place(padding=3):
        found = without_name()
        return found if isinstance(found, dict) else None
    rule = {"$token": "unk_token"}
    if place(unknown_score=-1.0) != here:
        rule["score"] = 0
    if place(unknown_place="first") != 0:
        rule["from"] = 1
    otherwise = without_name(unknown_place="none", padding=200)
    return rule if otherwise is None else {**rule, "otherwise": otherwise}


def opens(probe, values):
    try:
        probe.build(values)
        return True
    except Exception:
        return False


def fixed_parameters(probe, base):
    """Parameters with a text or a number that change what is built, in ways that the table does not say."""
    known = {"extra_ids", "unk_id", "model_max_length", *LANGUAGES}
    fixed = {}
    plain = probe.build(base)
    for name, default in probe.parameters.items():
        if isinstance(default, bool) or not isinstance(default, (str, int)) or name in known or name in base or name in probe.tokens:
            continue
        try:
            other = probe.build({**base, name: "⟦other⟧" if isinstance(default, str) else default + 1})
            if other.backend_tokenizer.to_str() == plain.backend_tokenizer.to_str():
                continue
        except Exception:
            pass
        fixed[name] = default
    return fixed


def added_extra(tokenizer):
    """The extra tokens but for those that a class only names, and does not add."""
    added = {token.content for token in tokenizer.added_tokens_decoder.values()}
    return [token for token in tokenizer._extra_special_tokens if str(token) in added]


def extra_rule(tokenizer, defaults):
    """What becomes of the extra tokens of the class where a config gives some."""
    tokens = [str(token) for token in added_extra(tokenizer)]
    others = [token for token in tokens if token != "⟦x⟧"]
    if "⟦x⟧" not in tokens:
        return "ignored"
    if not others:
        return "instead"
    if others != defaults:
        return {"is": tokens}
    return "before" if tokens[-1] == "⟦x⟧" else "after"


def table_of(probe, part, base, values, how):
    """What a component is for all values of the switches that change it."""
    matters = []
    for name, options in values.items():
        seen = set()
        for option in options:
            # Each switch is tried with the others as they are, and turned.
            for other in (base, {**base, **{key: turned(base.get(key), values[key]) for key in values if key != name}}):
                try:
                    seen.add((id(other) == id(base), json.dumps(probe.components({**other, name: option}, **how)[part], sort_keys=True)))
                except Exception:
                    continue  # a value that the class refuses
        if len({value for first, value in seen if first}) > 1 or len({value for first, value in seen if not first}) > 1:
            matters.append(name)
    if not matters:
        return {"is": probe.components(base, **how)[part]}
    cases = {}
    for combination in itertools.product(*(values[name] for name in matters)):
        assigned = {**base, **dict(zip(matters, combination))}
        key = ",".join("charsmap" if isinstance(v, bytes) else "given" if v in LANGUAGES.values() else json.dumps(v) for v in combination)
        try:
            cases[key] = probe.components(assigned, **how)[part]
        except Exception:
            continue  # the class refuses these values
    table = list({json.dumps(case, sort_keys=True): case for case in cases.values()}.values())
    return {
        "by": matters,
        "defaults": {name: base.get(name) for name in matters},
        "cases": {key: table.index(case) for key, case in cases.items()},
        "components": table,
    }


def turned(value, options):
    return next((option for option in options if option != value), value)


def without_ids(post, moved, vocabulary):
    """For each name that a template has, the token whose id is given, instead of that id; an id that does not move stays."""
    if post is None:
        return None
    if "⟦file⟧" in json.dumps(post, ensure_ascii=False):
        return {"type": "$file"}
    text = json.dumps(post, ensure_ascii=False)
    for name, language in LANGUAGES.items():
        if f'"{language}"' in text or f'__{language}__' in text:
            text = text.replace(language, f"⟦{name}⟧")
            vocabulary = {id: piece.replace(language, f"⟦{name}⟧") for id, piece in vocabulary.items()}
    post = json.loads(text)
    if post["type"] == "Sequence":
        return {**post, "processors": [without_ids(*parts, vocabulary) for parts in zip(post["processors"], moved["processors"], strict=True)]}
    post = dict(post)
    if "special_tokens" in post:
        post["special_tokens"] = {
            name: value["ids"][0] if value["ids"] == other["ids"] else vocabulary[value["ids"][0]]
            for (name, value), (_, other) in zip(sorted(post["special_tokens"].items()), sorted(moved["special_tokens"].items()), strict=True)
        }
    for key in ("sep", "cls"):
        if key in post:
            post[key] = post[key] if post[key] == moved[key] else [post[key][0]]
    return post


def flags(token):
    return {
        "content": token.content,
        "single_word": token.single_word,
        "lstrip": token.lstrip,
        "rstrip": token.rstrip,
        "normalized": token.normalized,
        "special": token.special,
    }


def compact(table):
    lines = []
    for key, value in table.items():
        if isinstance(value, dict):
            inner = ",\n".join(f"    {json.dumps(k, ensure_ascii=False)}: {json.dumps(v, ensure_ascii=False, separators=(',', ':'))}" for k, v in value.items())
            lines.append(f"  {json.dumps(key)}: {{\n{inner}\n  }}")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(lines).replace(CHARSMAP_TEXT, "⟦charsmap⟧") + "\n}"


main()
