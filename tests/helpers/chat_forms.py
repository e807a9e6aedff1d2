"""Chat templates as model families publish them, without what they do for tools, and tokenizers of
both common kinds to render them with."""

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

_ALTERNATE = (
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception("
    "'Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
)
PHI3 = (
    "{% for message in messages %}{% if message['role'] == 'system' %}"
    "{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}"
    "{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}"
    "{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}"
)
PHI4_MINI = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>'"
    " }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% else %}{{ eos_token }}"
    "{% endif %}"
)
LLAMA3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = "
    "'<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim "
    "+ '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
    "{{ content }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
QWEN25 = (
    "{%- if messages[0]['role'] == 'system' %}"
    "{{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}{%- else %}"
    "{{- '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{%- endif %}"
    "{%- for message in messages %}{%- if message.role != 'system' or not loop.first %}"
    "{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}"
    "{%- endif %}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"
)
_QWEN3 = (
    "{%%- if messages[0].role == 'system' %%}"
    "{{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}{%%- endif %%}"
    "{%%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %%}"
    "{%%- for message in messages[::-1] %%}"
    "{%%- set index = (messages|length - 1) - loop.index0 %%}"
    "{%%- if ns.multi_step_tool and message.role == 'user' and message.content is string %%}"
    "{%%- set ns.multi_step_tool = false %%}{%%- set ns.last_query_index = index %%}"
    "{%%- endif %%}{%%- endfor %%}"
    "{%%- for message in messages %%}{%%- set content = message.content%s %%}"
    "{%%- if (message.role == 'user') or (message.role == 'system' and not loop.first) %%}"
    "{{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>' + '\n' }}"
    "{%%- elif message.role == 'assistant' %%}{%%- set reasoning_content = '' %%}"
    "{%%- if '</think>' in content %%}"
    "{%%- set reasoning_content = content.split('</think>')[0].split('<think>')[-1] %%}"
    "{%%- set content = content.split('</think>')[-1].lstrip('\n') %%}{%%- endif %%}"
    "{%%- if loop.index0 > ns.last_query_index %%}"
    "{{- '<|im_start|>' + message.role + '\n<think>\n' + reasoning_content.strip('\n') + "
    "'\n</think>\n\n' + content.lstrip('\n') }}"
    "{%%- else %%}{{- '<|im_start|>' + message.role + '\n' + content }}{%%- endif %%}"
    "{{- '<|im_end|>\n' }}{%%- endif %%}{%%- endfor %%}"
    "{%%- if add_generation_prompt %%}{{- '<|im_start|>assistant\n' }}"
    "{%%- if enable_thinking is defined and enable_thinking is false %%}"
    "{{- '<think>\n\n</think>\n\n' }}%s{%%- endif %%}{%%- endif %%}"
)
QWEN3 = _QWEN3 % ("", "")
QWEN35 = _QWEN3 % ("|trim", "{%- else %}{{- '<think>\n' }}")
# Qwen3's thinking models of July 2025: they think before every answer.
QWEN3_THINKING = (_QWEN3 % ("", "")).replace(
    "{%- if enable_thinking is defined and enable_thinking is false %}"
    "{{- '<think>\n\n</think>\n\n' }}{%- endif %}",
    "{{- '<think>\n' }}",
)
MISTRAL = (
    "{{ bos_token }}{% for message in messages %}"
    + _ALTERNATE
    + "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}{% else %}"
    "{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}"
)
# Version 0.3: the system sentence goes to a last question, answers begin with a space.
MISTRAL_V3 = (
    "{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content'] %}"
    "{%- set loop_messages = messages[1:] %}{%- else %}{%- set loop_messages = messages %}"
    "{%- endif %}{{- bos_token }}{%- for message in loop_messages %}"
    "{%- if message['role'] == 'user' %}{%- if loop.last and system_message is defined %}"
    "{{- '[INST] ' + system_message + '\n\n' + message['content'] + '[/INST]' }}{%- else %}"
    "{{- '[INST] ' + message['content'] + '[/INST]' }}{%- endif %}{%- else %}"
    "{{- ' ' + message['content']|trim + eos_token}}{%- endif %}{%- endfor %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}"
    + _ALTERNATE
    + "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}"
    "{% set role = message['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"
)


def tokenizer_of(template, special, eos, *, pieces=False, strips=False):
    """A tokenizer with a chat template, of bytes or (`pieces`) in SentencePiece's manner: a space
    is put before the text and belongs to the word after it.

    Args:
        special: its special tokens; `strips`: they swallow white space behind them, as Phi-3's.
    """
    if pieces:
        words = ["▁Yes", "▁No", "▁the", "Yes", "[INST]", "[/INST]"]
        merges = dict.fromkeys((w[: n - 1], w[n - 1]) for w in words for n in range(2, len(w) + 1))
        names = ["<unk>", *(f"<0x{n:02X}>" for n in range(256)), "▁", *map(chr, range(33, 127))]
        names += map("".join, merges)
        core = Tokenizer(models.BPE(_numbered(names), list(merges), byte_fallback=True))
        core.normalizer = normalizers.Sequence(
            [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
        )
        core.decoder = decoders.Sequence(
            [
                decoders.Replace("▁", " "),
                decoders.ByteFallback(),
                decoders.Fuse(),
                decoders.Strip(" ", 1, 0),
            ]
        )
    else:
        core = Tokenizer(models.BPE(_numbered(sorted(pre_tokenizers.ByteLevel.alphabet())), []))
        core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        core.decoder = decoders.ByteLevel()
    tokens = [AddedToken(t, special=True, rstrip=strips) for t in dict.fromkeys(["<s>", *special])]
    core.add_special_tokens(tokens)
    return PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<s>", eos_token=eos, chat_template=template
    )


def _numbered(names):
    return {name: number for number, name in enumerate(dict.fromkeys(names))}


CHATML = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
PHI = ("<|endoftext|>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>")
FORMS = {
    "phi-3": tokenizer_of(PHI3, PHI, "<|endoftext|>", pieces=True, strips=True),
    "phi-3 in bytes": tokenizer_of(PHI3, PHI, "<|endoftext|>"),
    "phi-4-mini": tokenizer_of(PHI4_MINI, PHI, "<|endoftext|>"),
    "llama-3": tokenizer_of(
        LLAMA3, ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"), "<|eot_id|>"
    ),
    "qwen2.5": tokenizer_of(QWEN25, CHATML, "<|im_end|>"),
    "qwen3": tokenizer_of(QWEN3, CHATML, "<|im_end|>"),
    "qwen3 thinking": tokenizer_of(QWEN3_THINKING, CHATML, "<|im_end|>"),
    "qwen3.5": tokenizer_of(QWEN35, CHATML, "<|im_end|>"),
    "mistral": tokenizer_of(MISTRAL, ("</s>",), "</s>", pieces=True),
    "mistral 0.3": tokenizer_of(MISTRAL_V3, ("</s>", "[INST]", "[/INST]"), "</s>", pieces=True),
    "gemma": tokenizer_of(
        GEMMA, ("<eos>", "<start_of_turn>", "<end_of_turn>"), "<eos>", pieces=True
    ),
}
ENDS = {
    "phi-3": "<|end|>",
    "phi-3 in bytes": "<|end|>",
    "phi-4-mini": "<|end|>",
    "llama-3": "<|eot_id|>",
    "qwen2.5": "<|im_end|>",
    "qwen3": "<|im_end|>",
    "qwen3 thinking": "<|im_end|>",
    "qwen3.5": "<|im_end|>",
    "mistral": "</s>",
    "mistral 0.3": "</s>",
    "gemma": "<end_of_turn>",
}
