"""What a request may ask for beside its text: stop strings, a begun answer, an adapter's strength, a raw format."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from cai_ui.config.app import AppSettings
from cai_ui.engine import load_engine
from cai_ui.engine.decoding.text_stream import TextStream
from cai_ui.engine.interface import ReplyScore, asked_again, shares_of
from cai_ui.errors import InputError
from cai_ui.records import BASE, Message


def streamed(text: str, stops: tuple[str, ...]) -> tuple[list[str], TextStream, int]:
    """Pieces as a character-level model would give them, and how many characters it took."""
    stream = TextStream(lambda ids: "".join(map(chr, ids)), stops)
    pieces = []
    for count, character in enumerate(text, 1):
        stream.ids.append(ord(character))
        pieces.append(stream.take())
        if stream.hit:
            return pieces, stream, count
    pieces.append(stream.take(final=True))
    return pieces, stream, len(text)


@pytest.mark.parametrize(
    ("text", "stops", "told"),
    [
        ("One. Human: Two", ("Human:",), "One."),
        ("One.\n\nHuman: Two", ("\n\nHuman:",), "One."),
        ("\n\nHuman: Two", ("\n\nHuman:",), ""),
        ("One Hum an Human", ("Human:",), "One Hum an Human"),
        ("aab aaab", ("aaab",), "aab"),
        ("ends in Hu", ("Human:",), "ends in Hu"),
        ("first b then a", ("a", "b"), "first"),
        ("nothing", (), "nothing"),
    ],
)
def test_the_text_ends_before_the_first_stop_string(text, stops, told):
    pieces, stream, used = streamed(text, stops)
    assert "".join(pieces) == stream.text == told
    if stream.hit:
        assert used == min(text.index(stop) + len(stop) for stop in stops if stop in text), "not at that very token"


def test_a_stop_string_ends_the_row_at_its_token(tiny_engine, ask):
    free = tiny_engine.generate([ask("How do I bake bread?", temperature=1.0, seed=3, max_new_tokens=60)])[0]
    stop = free.text[10:13]
    request = replace(ask("How do I bake bread?", temperature=1.0, seed=3, max_new_tokens=60), stops=(stop,))
    cut = tiny_engine.generate([request, ask("x")])[0]
    assert cut.text == free.text[: free.text.index(stop)].rstrip()
    assert cut.finish == "end" and cut.tokens < free.tokens and stop not in cut.text
    assert cut.provenance.sampling["stops"] == [stop]


def test_an_answer_goes_on_from_what_was_begun(tiny_engine, ask):
    whole = tiny_engine.generate([ask("Why?", max_new_tokens=20)])[0]
    prompt, ids = tiny_engine.chat.encode_reply((Message("user", "Why?"),), "I would not do", end=False)
    rest = tiny_engine.generate([replace(ask("Why?", max_new_tokens=20), begun="I would not do")])[0]
    assert rest.prompt_tokens == len(prompt) + len(ids)
    with torch.no_grad():
        logits = tiny_engine._adapters.base(torch.tensor([prompt + ids])).logits[0, -1]
    first = tiny_engine.chat.decode([int(logits.argmax())])
    assert rest.text.startswith(first.rstrip()) and rest.text != whole.text


def test_strength_is_the_scale_of_the_update(tiny_engine, two_adapters, ask):
    name = two_adapters[0].name
    question = (Message("user", "Is it wrong?"),)

    def score(strength):
        return tiny_engine.score_replies(question, ["Ask her."], name, strength)[0].total

    assert score(0.0) == pytest.approx(tiny_engine.score(question, ["Ask her."])[0], abs=1e-5)
    assert score(1.0) == pytest.approx(tiny_engine.score(question, ["Ask her."], name)[0], abs=1e-5)
    from cai_ui.engine.adapters.loaded import wrap

    folder = tiny_engine._adapters.look_up(name).folder
    config = folder.config | {"lora_alpha": folder.config["lora_alpha"] * 0.5}
    half = wrap(tiny_engine._adapters.base, replace(folder, config=config), "weaker").eval()
    prompt, reply = tiny_engine.chat.encode_reply(question, "Ask her.", end=False)
    with torch.no_grad():
        logs = half(torch.tensor([prompt + reply])).logits[0].log_softmax(-1)
    plain = sum(float(logs[len(prompt) - 1 + i, token]) for i, token in enumerate(reply))
    assert score(0.5) == pytest.approx(plain, abs=1e-4)
    assert len({round(score(s), 4) for s in (0, 0.5, 1, 1.5)}) == 4


def test_strengths_beside_each_other_and_gone_with_their_adapter(tiny_engine, two_adapters, ask):
    tuned = [replace(ask("Why?", two_adapters[0].name), strength=s) for s in (0, 0.25, 0.5, 1, 1.5)]
    alone = [tiny_engine.generate([r])[0].text for r in tuned]
    answers = tiny_engine.generate([*tuned, ask("Why?")])
    assert [a.text for a in answers] == [*alone, alone[0]]
    assert answers[1].provenance.sampling["strength"] == 0.25
    weights = [
        p.data_ptr() for n, p in tiny_engine._adapters._tree.named_parameters(remove_duplicate=False) if "lora_" in n
    ]
    assert len(set(weights)) == 2 * len({n for n, _ in tiny_engine._adapters.base.named_modules() if "_proj" in n}) * 2
    other = tiny_engine.generate([ask("Why?", two_adapters[1].name)])[0].text
    tiny_engine.unload_adapter(two_adapters[0].name)
    assert tiny_engine.generate([ask("Why?", two_adapters[1].name)])[0].text == other
    assert set(tiny_engine._adapters._tree.peft_config) == {tiny_engine._adapters.look_up(two_adapters[1].name).key}


def test_mean_per_token(tiny_engine):
    long = "Ask her how she is."
    score = tiny_engine.score_replies((Message("user", "Why?"),), [long])[0]
    _, ids = tiny_engine.chat.encode_reply((Message("user", "Why?"),), long, end=False)
    assert score.tokens == len(ids) and score.mean == pytest.approx(score.total / len(ids))
    assert ReplyScore(0.0, 0).mean is None


@pytest.fixture(scope="module")
def raw_engine(tiny_model):
    return load_engine(AppSettings(model=str(tiny_model), chat_format="human-assistant"))


def test_the_raw_format_letter_by_letter(raw_engine):
    tokenizer = raw_engine.chat.tokenizer
    messages = (
        Message("system", "Be kind."),
        Message("user", "Why?"),
        Message("assistant", "So."),
        Message("user", "Oh"),
    )
    ids = raw_engine.chat.encode(messages)
    told = "<s>\n\nHuman: Be kind.\n\nWhy?\n\nAssistant: So.</s>\n\nHuman: Oh\n\nAssistant:"
    assert tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False) == told
    prompt, reply = raw_engine.chat.encode_reply(messages, "Well.")
    assert prompt == ids and tokenizer.decode(reply) == " Well.</s>"


def test_the_raw_format_needs_no_template_and_stops_at_the_next_turn(tmp_path, build_tiny_model, ask):
    folder = build_tiny_model(tmp_path / "tiny")
    (folder / "chat_template.jinja").unlink()
    engine = load_engine(AppSettings(model=str(folder), chat_format="human-assistant"))
    assert engine.chat.stops == ("\n\nHuman:", "\nHuman:")
    assert engine.generate([ask("Why?", BASE)])[0].tokens > 0


def test_the_format_of_one_request_is_that_of_an_engine_loaded_with_it(tiny_engine, raw_engine, ask):
    both = [replace(ask("Why?"), chat_format="human-assistant"), ask("Why?")]
    raw, own = tiny_engine.generate(both)
    assert (raw.text, own.text) == (raw_engine.generate([ask("Why?")])[0].text, tiny_engine.generate(both[1:])[0].text)
    assert raw.text != own.text
    assert raw.provenance.sampling["chat_format"] == "human-assistant" and "chat_format" not in own.provenance.sampling
    bare = tiny_engine.generate([replace(ask("Why?"), chat_format="bare")])[0]
    assert bare.text not in (raw.text, own.text)
    back = raw_engine.generate([replace(ask("Why?"), chat_format="template")])[0]
    assert back.text == own.text
    with pytest.raises(InputError, match="chat format"):
        tiny_engine.stream([replace(ask("Why?"), chat_format="alpaca")])


def test_a_record_says_enough_to_ask_again(tiny_engine, two_adapters, ask):
    request = replace(
        ask("Why?", two_adapters[0].name, temperature=0.8, seed=4), strength=0.5, begun="Because", stops=("zz",),
        timeout_s=60.0, chat_format="human-assistant",
    )  # fmt: skip
    (answer,) = tiny_engine.generate([request])
    assert asked_again(request.messages, answer.provenance) == request


def test_shares_among_replies_add_up_to_one_whatever_their_size() -> None:
    def shares(*totals: float) -> tuple[float, ...]:
        return shares_of(tuple(ReplyScore(total, 1) for total in totals))

    for totals in ((-1.0, -2.0), (-800.0, -1.0), (-1.0, -800.0), (-5000.0, -5000.0, -5001.0)):
        assert sum(shares(*totals)) == pytest.approx(1)
    assert shares(math.log(0.03), math.log(0.01)) == pytest.approx((0.75, 0.25))
