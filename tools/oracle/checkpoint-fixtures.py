"""Makes the tiny random models that the tests of @revocab/checkpoint read, with the reference library.

    python tools/oracle/checkpoint-fixtures.py packages/checkpoint/test/fixtures/models

Every model has its own vocabulary size, different from every other dimension, except `collision-llama`, whose
vocabulary is as large as its hidden size on purpose. Needs torch and transformers 5.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
import transformers as hf

D, LAYERS, HEADS, FF = 16, 2, 2, 24
DECODER = dict(
    hidden_size=D, intermediate_size=FF, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
    num_key_value_heads=1, head_dim=8, max_position_embeddings=40, bos_token_id=1, eos_token_id=2, pad_token_id=None,
)
ENCODER = dict(
    hidden_size=D, intermediate_size=FF, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
    max_position_embeddings=40,
)
VISION = dict(
    hidden_size=8, intermediate_size=12, num_hidden_layers=1, num_attention_heads=1, image_size=14, patch_size=7,
    projection_dim=8,
)


def llama(vocab, tied=False, **more):
    return hf.LlamaForCausalLM(hf.LlamaConfig(**{**DECODER, **more}, vocab_size=vocab, tie_word_embeddings=tied))


def gemma3n_text(vocab):
    return hf.Gemma3nForCausalLM(hf.Gemma3nTextConfig(
        **{**DECODER, "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0},
        vocab_size=vocab, vocab_size_per_layer_input=vocab - 6, hidden_size_per_layer_input=4, num_kv_shared_layers=0,
        layer_types=["sliding_attention", "full_attention"], sliding_window=8, laurel_rank=4, altup_num_inputs=2,
        activation_sparsity_pattern=[0.0, 0.0],
    ))


def llava(vocab):
    text = hf.LlamaConfig(**DECODER, vocab_size=vocab)
    return hf.LlavaForConditionalGeneration(hf.LlavaConfig(
        vision_config=hf.CLIPVisionConfig(**VISION), text_config=text, image_token_index=vocab - 1, image_seq_length=4,
    ))


def gemma3(vocab):
    text = hf.Gemma3TextConfig(**{**DECODER, "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0}, vocab_size=vocab,
                               layer_types=["sliding_attention", "full_attention"], sliding_window=8)
    vision = hf.SiglipVisionConfig(**{k: v for k, v in VISION.items() if k != "projection_dim"}, vision_use_head=False)
    return hf.Gemma3ForConditionalGeneration(hf.Gemma3Config(
        text_config=text, vision_config=vision, mm_tokens_per_image=4, image_token_index=vocab - 1,
        boi_token_index=vocab - 3, eoi_token_index=vocab - 2,
    ))


def qwen2_vl(vocab):
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2]}
    text = {**DECODER, "vocab_size": vocab, "rope_scaling": rope}
    text.pop("head_dim")
    return hf.Qwen2VLForConditionalGeneration(hf.Qwen2VLConfig(
        text_config=text, vision_config=dict(depth=1, embed_dim=8, hidden_size=D, num_heads=1, mlp_ratio=2, patch_size=7),
        image_token_id=vocab - 1, video_token_id=vocab - 2, vision_start_token_id=vocab - 4, vision_end_token_id=vocab - 3,
        tie_word_embeddings=True,
    ))


def t5(vocab, cls=hf.T5ForConditionalGeneration, **more):
    return cls(hf.T5Config(
        vocab_size=vocab, d_model=D, d_kv=8, d_ff=FF, num_layers=LAYERS, num_heads=HEADS,
        decoder_start_token_id=0, **more,
    ))


def untied_t5(vocab):
    """v1.1: saved with a head of its own and tie_word_embeddings false."""
    model = t5(vocab, feed_forward_proj="gated-gelu", tie_word_embeddings=False)
    model.lm_head.weight = torch.nn.Parameter(torch.randn(vocab, D) * 0.1)
    model.config.tie_word_embeddings = False
    return model


def t5gemma(vocab):
    """Encoder and decoder with an input table each; the head is the decoder's."""
    part = dict(
        hidden_size=D, intermediate_size=FF, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1, head_dim=8,
        vocab_size=vocab, bos_token_id=2, eos_token_id=1, pad_token_id=0, layer_types=["full_attention"],
    )
    return hf.T5GemmaForConditionalGeneration(hf.T5GemmaConfig(
        encoder=hf.T5GemmaModuleConfig(**part), decoder=hf.T5GemmaModuleConfig(**part), vocab_size=vocab))


def deberta_v3(vocab):
    """The head of the released DeBERTa-v3 models: lm_predictions.lm_head, without a weight of its own."""
    return hf.DebertaV2ForMaskedLM(hf.DebertaV2Config(
        **{**ENCODER, "num_hidden_layers": 1}, vocab_size=vocab, legacy=False, type_vocab_size=0, relative_attention=True,
        position_buckets=4))


MODELS = {
    "llama-untied": (lambda: llama(43), torch.float32, None),
    "llama-tied": (lambda: llama(45, tied=True), torch.bfloat16, None),
    "llama-sharded": (lambda: llama(47), torch.float16, "5KB"),
    "collision-llama": (lambda: llama(16), torch.float32, None),
    "llama-base": (lambda: llama(44).model, torch.bfloat16, None),
    "mistral": (lambda: hf.MistralForCausalLM(hf.MistralConfig(**DECODER, vocab_size=51)), torch.bfloat16, None),
    "qwen2-padded": (lambda: hf.Qwen2ForCausalLM(hf.Qwen2Config(
        **{k: v for k, v in DECODER.items() if k != "head_dim"}, vocab_size=64, tie_word_embeddings=True)), torch.bfloat16, None),
    "gemma": (lambda: hf.GemmaForCausalLM(hf.GemmaConfig(
        **{**DECODER, "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0}, vocab_size=53)), torch.float16, None),
    "gemma3n-text": (lambda: gemma3n_text(57), torch.bfloat16, None),
    "gpt2": (lambda: hf.GPT2LMHeadModel(hf.GPT2Config(
        vocab_size=55, n_positions=40, n_embd=D, n_layer=LAYERS, n_head=HEADS, bos_token_id=54, eos_token_id=54)), torch.float32, None),
    "gpt-neox": (lambda: hf.GPTNeoXForCausalLM(hf.GPTNeoXConfig(
        **ENCODER, vocab_size=49, bos_token_id=0, eos_token_id=0)), torch.float16, None),
    "bert": (lambda: hf.BertForMaskedLM(hf.BertConfig(**ENCODER, vocab_size=59)), torch.float32, None),
    "roberta": (lambda: hf.RobertaForMaskedLM(hf.RobertaConfig(**ENCODER, vocab_size=61, type_vocab_size=1)), torch.float32, None),
    "xlm-roberta": (lambda: hf.XLMRobertaForMaskedLM(hf.XLMRobertaConfig(**ENCODER, vocab_size=63, type_vocab_size=1)), torch.bfloat16, None),
    "t5": (lambda: t5(37), torch.float32, None),
    "t5-untied": (lambda: untied_t5(39), torch.bfloat16, None),
    "bart": (lambda: hf.BartForConditionalGeneration(hf.BartConfig(
        vocab_size=46, d_model=D, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=FF, decoder_ffn_dim=FF, max_position_embeddings=36)), torch.float32, None),
    "llava": (lambda: llava(41), torch.bfloat16, None),
    "gemma3": (lambda: gemma3(52), torch.bfloat16, None),
    "qwen2-vl": (lambda: qwen2_vl(54), torch.float16, "6KB"),
    "t5gemma": (lambda: t5gemma(50), torch.bfloat16, None),
    "deberta-v3": (lambda: deberta_v3(58), torch.float32, None),
}


def randomise(model):
    """Biases start at zero and norms at one; give every value something that a mix-up would show."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.1)
        for name, buffer in model.named_buffers():
            if name.endswith("final_logits_bias"):
                buffer.copy_(torch.randn_like(buffer))


def main(out: Path, only: list[str]) -> None:
    for number, (name, (make, dtype, shard)) in enumerate(MODELS.items()):
        if only and name not in only:
            continue
        torch.manual_seed(number)
        model = make()
        randomise(model)
        folder = out / name
        shutil.rmtree(folder, ignore_errors=True)
        model.to(dtype).save_pretrained(folder, **({"max_shard_size": shard} if shard else {}))
        size = sum(file.stat().st_size for file in folder.iterdir())
        config = json.loads((folder / "config.json").read_text())
        print(f"{name:16} {size:7} bytes, {len(list(folder.glob('*.safetensors')))} files, {config['architectures']}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
