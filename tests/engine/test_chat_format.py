"""Messages become the tokens the template says, and text never becomes a control token."""

from __future__ import annotations

import copy
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cai_ui.engine.chat_format import ChatFormat
from cai_ui.errors import EngineError, InputError
from cai_ui.records import Message


def user(text: str) -> Message:
    return Message("user", text)


def assistant(text: str) -> Message:
    return Message("assistant", text)


def system(text: str) -> Message:
    return Message("system", text)


@pytest.fixture(scope="module")
def chat(tiny_engine):
    return tiny_engine.chat


def test_equal_to_the_template_of_transformers(chat):
    messages = (user("hello there"), assistant("Hi."), user("rewrite the response"))
    plain = [{"role": m.role, "content": m.content} for m in messages]
    expected = chat.tokenizer.apply_chat_template(plain, add_generation_prompt=True, return_dict=True)["input_ids"]
    assert chat.encode(messages) == expected


def test_the_bare_format_is_the_text_and_holds_no_control_token_that_was_typed(tiny_engine):
    bare = tiny_engine.chat_as("bare")
    ids = bare.encode((user("hello </s> there"),))
    assert bare.tokenizer.decode(ids) == "<s>hello </s> there\n\n"
    assert [i for i in ids if i in bare.tokenizer.all_special_ids] == [bare.tokenizer.bos_token_id]
    with pytest.raises(InputError):
        bare.encode((user("word " * 100_000),))


@pytest.mark.parametrize("mark", ["[INST]", "[/INST]", "</s>", "<s>", "<pad>"])
def test_special_tokens_typed_by_a_user_are_text(chat, mark):
    typed = f"a {mark}b{mark}"
    ids = chat.encode((user(typed),))
    control = chat.tokenizer.convert_tokens_to_ids(["<s>", "[INST]", "[/INST]"])
    special = set(chat.tokenizer.all_special_ids)
    assert [i for i in ids if i in special] == control
    assert chat.tokenizer.decode(ids) == f"<s>[INST] {typed}[/INST]"


def test_hiding_the_marks_changes_no_other_token(chat):
    plain = chat.encode((user("hello there"), assistant("Fine."), user("Why?")))
    typed = chat.encode((user("hello there"), assistant("Fine."), user("Why? </s>")))
    assert typed[: len(plain) - 1] == plain[:-1]


def test_private_use_characters_survive_beside_typed_marks(chat):
    text = chr(0xF0000) + "[INST]" + chr(0xF0001)
    assert chat.tokenizer.decode(chat.encode((user(text),))) == f"<s>[INST] {text}[/INST]"


def test_typed_marks_in_one_thread_leave_the_others_alone(chat):
    """The tokenizer keeps `split_special_tokens` as shared state; without a lock threads mix it up."""
    plain, typed = (user("hello there " * 20),), (user("[INST] </s> " * 20),)
    wanted = chat.encode(plain), chat.encode(typed)
    wrong = []

    def run() -> None:
        for _ in range(150):
            if (chat.encode(plain), chat.encode(typed)) != wanted:
                wrong.append(1)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_system_text_goes_into_the_first_user_turn_where_there_is_no_system_role(chat):
    merged = chat.encode((system("Be kind."), user("hello"), assistant("Hi."), user("Why?")))
    assert merged == chat.encode((user("Be kind.\n\nhello"), assistant("Hi."), user("Why?")))


def test_system_text_keeps_its_role_where_there_is_one(tiny_engine):
    import copy

    tokenizer = copy.deepcopy(tiny_engine.chat.tokenizer)
    tokenizer.chat_template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    ids = ChatFormat(tokenizer, 512).encode((system("Be kind."), user("hello")))
    assert tokenizer.decode(ids) == "<system>Be kind.<user>hello<assistant>"


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (assistant("Hi."),),
        (user("a"), user("b")),
        (user("a"), assistant("b"), assistant("c"), user("d")),
        (user("a"), system("b"), user("c")),
        (system("only"),),
        (user("a"), assistant("b")),
        (user("half \ud800"),),
    ],
)
def test_turns_out_of_order_are_refused(chat, messages):
    with pytest.raises(InputError):
        chat.encode(messages)


def test_a_reply_is_learnt_after_exactly_the_prompt_that_is_sampled(chat):
    messages = (user("hello [INST]"), assistant("Hi."), user("Why?"))
    prompt, reply = chat.encode_reply(messages, "Because </s> so.")
    assert prompt == chat.encode(messages)
    assert reply[-1] == chat.tokenizer.eos_token_id and reply.count(reply[-1]) == 1
    assert chat.encode_reply(messages, "Because </s> so.", end=False) == (prompt, reply[:-1])


def test_trl_gets_the_same_tokens(chat):
    tokenizer = chat.training_tokenizer()
    messages = (user("hello [/INST] there"),)
    turns = [*chat.turns(messages), {"role": "assistant", "content": "No </s>."}]
    prompt, reply = chat.encode_reply(messages, "No </s>.")
    got = tokenizer.apply_chat_template(turns[:1], tokenize=True, add_generation_prompt=True, return_dict=True)
    assert got["input_ids"] == prompt
    assert tokenizer.apply_chat_template(turns, tokenize=True, return_dict=True)["input_ids"] == prompt + reply
    assert tokenizer.apply_chat_template([turns[:1]], return_dict=False, add_generation_prompt=True) == [prompt]


def test_a_model_without_chat_template_is_refused(tiny_engine):
    import copy

    tokenizer = copy.deepcopy(tiny_engine.chat.tokenizer)
    tokenizer.chat_template = None
    with pytest.raises(EngineError, match="no chat template"):
        ChatFormat(tokenizer, 512)


def test_a_sentencepiece_tokenizer_gets_no_extra_space_after_typed_marks():
    """Mistral's own tokenizer puts a space before a text's first word, but not after a special token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    raw.decoder = decoders.Metaspace(prepend_scheme="first", split=False)
    marks = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]"]
    corpus = ["hello", "there", "friend", *"[]/<>INSTs\n"] * 3
    raw.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=120, special_tokens=marks, show_progress=False))
    said = "'[INST]' + m.content + '[/INST]' if m.role == 'user' else m.content + '</s>'"
    template = "<s>{% for m in messages %}{{ " + said + " }}{% endfor %}"
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", unk_token="<unk>", chat_template=template
    )
    tokenizer.add_special_tokens({"additional_special_tokens": ["[INST]", "[/INST]"]})
    chat = ChatFormat(tokenizer, 512)
    plain, typed = chat.encode((user("hello there"),)), chat.encode((user("hello there </s>"),))
    assert typed[: len(plain) - 1] == plain[:-1]
    assert tokenizer.eos_token_id not in typed
    assert chat._tokens._anchors[0], "the tokenizer has no such habit, so the test would prove nothing"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), min_size=3, max_size=3))
def test_stretches_give_the_ids_of_the_whole_text(chat, said):
    assert chat._in_stretches
    turns = chat.turns([user(said[0]), assistant(said[1]), user(said[2])])
    whole = chat.tokenizer(chat._render(turns, True), add_special_tokens=False)["input_ids"]
    assert chat._ids(turns, True) == whole == chat._ids(turns, True)


def test_marks_that_swallow_white_space_are_encoded_with_the_whole_text(chat):
    from transformers import AddedToken

    tokenizer = copy.deepcopy(chat.tokenizer)
    marks = [AddedToken(mark, rstrip=True, special=True) for mark in ("[INST]", "[/INST]")]
    tokenizer.add_special_tokens({"additional_special_tokens": marks})
    other = ChatFormat(tokenizer, 512)
    assert not other._in_stretches
    ids = other.encode((user(" hello there"),))
    assert tokenizer.decode(ids) == "<s>[INST]hello there[/INST]"


PIECES = ("[INST]", "[/INST]", "</s>", "<s>", "<pad>", "[", "INST]", "</", " ", "\n", "😀", "\U000f0000")
MARKS = st.sampled_from(PIECES)
TYPED = st.lists(MARKS | st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=12).map("".join)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=TYPED, reply=TYPED, second=TYPED)
def test_any_text_stays_text(chat, first, reply, second):
    """Whatever is typed: the control tokens are the template's own, and every character survives."""
    ids = chat.encode((user(first), assistant(reply), user(second)))
    special = set(chat.tokenizer.all_special_ids)
    control = ["<s>", "[INST]", "[/INST]", "</s>", "[INST]", "[/INST]"]
    assert [i for i in ids if i in special] == chat.tokenizer.convert_tokens_to_ids(control)
    assert chat.tokenizer.decode(ids) == f"<s>[INST] {first}[/INST] {reply}</s>[INST] {second}[/INST]"
