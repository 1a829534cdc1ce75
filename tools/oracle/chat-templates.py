"""Writes packages/plan/test/fixtures/chat-templates.json: what the reference library renders by chat templates.

    python tools/oracle/chat-templates.py

The templates are ours, in the formats of published models, and use what their templates use of Jinja: loops, macros,
namespaces, filters, tests, slices, whitespace control, errors that they raise. Made with transformers 5.18.
"""

import json
from pathlib import Path

from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from transformers import __version__ as version

TEMPLATES = {
    "chatml": """{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    "default system, tools as JSON": """{%- if tools %}
    {{- '# Tools\\n' + (tools | tojson) }}
{%- elif messages[0]['role'] != 'system' %}
    {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(last=-1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if message.role == "user" and ns.last < 0 %}
        {%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if loop.index0 > ns.last or not loop.last and message.content is string %}
        {{- '<|im_start|>' ~ message.role ~ '\\n' ~ message.content | trim ~ '<|im_end|>' ~ '\\n' }}
    {%- else %}
        {{- '<|last|>' + message['content'].strip() + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}""",
    "header and body, dates": """{{- bos_token }}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
    "instructions in brackets": "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
    "turns, no system": """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '
' + message['content'] | trim + '<end_of_turn>
' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model
'}}{% endif %}""",
    "blocks on lines of their own": """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\\n' + message['content'] + eos_token }}
{% else %}
{{ '<|assistant|>\\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}
""",
    "a macro, filters and methods": """{%- macro turn(role, text) -%}
<|{{ role | upper }}|>{{ text | replace('a', '@') | trim }}
{% endmacro -%}
{%- for message in messages if message.role in ['user', 'assistant'] -%}
{{ turn(message.role, message.content.split('?')[0]) }}
{%- endfor -%}
{{ messages | map(attribute='role') | join(',') }} {{ messages | selectattr('role', 'equalto', 'user') | list | length }} {{ messages[-1].role.title() }} {{ 'x' if add_generation_prompt else 'y' }}""",
}

SYSTEM = {"role": "system", "content": "You answer in one word."}
TALK = [
    {"role": "user", "content": " What does a cat say? "},
    {"role": "assistant", "content": "Meow.\n"},
    {"role": "user", "content": "And a cow? <ü>"},
]
CONVERSATIONS = [
    ([SYSTEM, *TALK], True),
    ([SYSTEM, *TALK], False),
    (TALK, True),
    (TALK[:1], True),
    (TALK[:2], False),
    (TALK[1:], True),
]
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}


def main() -> None:
    vocab = {token: i for i, token in enumerate(TOKENS.values())}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(vocab, unk_token="<unk>")), **TOKENS
    )
    cases = []
    for name, template in TEMPLATES.items():
        rendered = []
        for messages, prompt in CONVERSATIONS:
            try:
                text = tokenizer.apply_chat_template(
                    messages, chat_template=template, tokenize=False, add_generation_prompt=prompt
                )
            except Exception:  # what a template raises
                text = None
            rendered.append({"messages": messages, "addGenerationPrompt": prompt, "text": text})
        cases.append({"name": name, "template": template, "rendered": rendered})
    out = Path(__file__).parents[2] / "packages/plan/test/fixtures/chat-templates.json"
    made = {"madeBy": f"tools/oracle/chat-templates.py with transformers {version}", "tokens": TOKENS, "cases": cases}
    out.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n")
    print(f"{len(cases)} templates, {sum(r['text'] is not None for c in cases for r in c['rendered'])} texts")


if __name__ == "__main__":
    main()
