"""What is wrong with a register: nothing to read, the same picture again, or a base load that jumped."""

from collections import Counter
from collections.abc import Set as AbstractSet
from datetime import timedelta
from statistics import median

from tasks.watching.facts import RegisterFacts
from tasks.watching.faults import Fault, Judgement
from tasks.watching.limits import Limits

BACK_AMONG, BACK_PICTURES = 3, 2
ALIKE, ALIKE_STILL = 4, 2
NIGHTS, USUAL_NIGHTS, FEWEST_NIGHTS = 3, 28, 10
SPREADS = 3.0
FIND = "smartmeter find-window PICTURE --meter {meter} --write"
FIND_FURTHER = "set the window of {code} in smartmeter.toml"
CABLE = "Look at the camera's cable and card: smartmeter-agent doctor."
OTHER = (
    "A new meter with other drums gets a table of its own beside the old one's, whose digits and decimals "
    'stay: docs/faq.md, "The meter was exchanged".'
)
WORDS = {
    "dark": ("pictures are dark", "Look at the lamp: is it lit when the picture is taken?"),
    "blurred": ("pictures are blurred", "Clean the lens and focus: smartmeter-agent calibrate."),
    "moved": (
        "the camera or the meter has moved",
        "Put the camera back, or: {find}, then smartmeter reread --adopt. " + OTHER,
    ),
    "covered": ("the counter is covered", "Take away what stands before it."),
    "cut_off": ("the counter is partly out of the picture", "Turn the camera until all drums are in view."),
    "no_counter": (
        "no counter is found",
        "Look at the picture. Where the counter can be seen: {find}.",
    ),
    "empty": ("pictures arrive broken", CABLE),
    "unreadable_picture": (
        "the pictures can't be opened, or the register's window lies outside of them",
        "Where PICTURE shows the counter: {find}. Else: " + CABLE,
    ),
    "too_large": ("pictures are too large", "Let the camera take pictures of 50 megapixels at most."),
    "wrong_number_of_digits": (
        "the counter shows another number of digits than the settings say",
        f"Look at the pictures, and mend digits in smartmeter.toml. {OTHER}",
    ),
}
WORDS |= dict.fromkeys(("truncated", "not_a_picture", "too_small"), WORDS["empty"])
OTHERWISE = (
    "readings are rejected",
    f"Look at the pictures. If the meter was exchanged: smartmeter event list shows a proposal. {OTHER}",
)


def judge_register(register: RegisterFacts, limits: Limits, told: AbstractSet[str]) -> Judgement:
    """What is wrong with a register.

    Args:
        register: What is known of it.
        limits: From when on something is wrong.
        told: The faults that are told and not over.
    """
    judgement = _judge_streak(register, limits, told) + _judge_stillness(register, told)
    return judgement + _judge_base_load(register, limits, told)


def _judge_streak(register: RegisterFacts, limits: Limits, told: AbstractSet[str]) -> Judgement:
    fault_id = f"unread:{register.register_id}"
    outcomes = register.outcomes
    if len(outcomes) < limits.unread_pictures:
        return Judgement(unjudged=frozenset({fault_id}))
    if fault_id in told:
        is_over = sum(each.is_read for each in outcomes[:BACK_AMONG]) >= BACK_PICTURES
    else:
        is_over = any(each.is_read for each in outcomes[: limits.unread_pictures])
    if is_over:
        return Judgement()
    streak = next((place for place, each in enumerate(outcomes) if each.is_read), len(outcomes))
    unread = [each for each in outcomes[: max(streak, limits.unread_pictures)] if not each.is_read]
    reason, _ = Counter(each.reason or "" for each in unread).most_common(1)[0]
    what, remedy = WORDS.get(reason, OTHERWISE)
    named = f" ({reason})" if reason else ""
    return Judgement(
        (
            Fault(
                fault_id,
                f"{register.register_id} cannot be read: {what}",
                f"The last {len(unread)} pictures of {register.register_id} gave no reading: {what}{named}.",
                remedy.format(find=_find(register)),
                unread[-1].taken_at,
                next(each for each in unread if (each.reason or "") == reason).picture_key,
            ),
        )
    )


def _find(register: RegisterFacts) -> str:
    """What puts a register's window right."""
    meter, _, code = register.register_id.partition("/")
    return (FIND if register.is_first else FIND_FURTHER).format(meter=meter, code=code)


def _judge_stillness(register: RegisterFacts, told: AbstractSet[str]) -> Judgement:
    """Whether the camera hands out one picture again and again: a sensor's noise makes any two differ."""
    fault_id = f"frozen:{register.register_id}"
    looks = [each.seen for each in register.outcomes if each.seen is not None]
    enough = ALIKE_STILL if fault_id in told else ALIKE
    if len(looks) < enough:
        return Judgement(unjudged=frozenset({fault_id}))
    alike = next((place for place, look in enumerate(looks) if look != looks[0]), len(looks))
    if alike < enough:
        return Judgement()
    newest = [each for each in register.outcomes if each.seen is not None][:alike]
    return Judgement(
        (
            Fault(
                fault_id,
                f"the camera of {register.register_id} shows the same picture again and again",
                f"The last {alike} pictures of {register.register_id} are alike to the last dot, "
                "so they prove no reading since the first of them.",
                "Start the camera again: switch it off and on, or `systemctl restart smartmeter-agent`.",
                newest[-1].taken_at,
                newest[0].picture_key,
            ),
        )
    )


def _judge_base_load(register: RegisterFacts, limits: Limits, told: AbstractSet[str]) -> Judgement:
    """The newest nights beside the four weeks before; what is usual by then is no jump any more."""
    fault_id = f"base-load:{register.register_id}"
    newest = register.base_load[-NIGHTS:]
    before = [watts for _, watts in register.base_load[-NIGHTS - USUAL_NIGHTS : -NIGHTS]]
    if len(newest) < NIGHTS or len(before) < FEWEST_NIGHTS:
        return Judgement(unjudged=frozenset({fault_id}))
    usual = median(before)
    spread = median(abs(watts - usual) for watts in before)
    least = max(limits.base_load_w, SPREADS * spread) * (0.5 if fault_id in told else 1)
    changes = [watts - usual for _, watts in newest]
    if not (min(changes) >= least or max(changes) <= -least):
        return Judgement()
    now_w = median(watts for _, watts in newest)
    more = "more" if now_w > usual else "less"
    nights = (newest[-1][0] - newest[0][0] + timedelta(days=1)).days
    return Judgement(
        (
            Fault(
                fault_id,
                f"base load of {register.register_id} jumped",
                f"{register.register_id} draws {now_w:.0f} W at its quietest for {nights} nights, "
                f"{abs(now_w - usual):.0f} W {more} than the usual {usual:.0f} W: "
                f"{abs(now_w - usual) * 8.766:.0f} kWh a year.",
                f"Something runs all the time that did not before; it began about {newest[0][0]:%Y-%m-%d}."
                if now_w > usual
                else "Something that always ran is off: a freezer, a router, a pump?",
            ),
        )
    )
