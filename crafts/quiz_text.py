"""A quiz written as text, a line for each part of a question, read into questions.

    ? Which gas do plants take up in the light?
    + Carbon dioxide
    - Oxygen
    - Nitrogen
    ! They build sugar of it, and give oxygen off.

Rule: what is read is bounded and is text alone; an error says the line, and what to write there.
"""

from dataclasses import dataclass, field

from crafts.errors import CraftError

MAX_TEXT, MAX_LINE = 8000, 300  # characters
MOST_QUESTIONS, MOST_CHOICES = 20, 6
GAP = "…"  # stands in a template where something is to be filled in


@dataclass
class Question:
    """Its text, its choices, of which the first is right, and why that is so."""

    text: str
    line: int
    choices: list[str] = field(default_factory=list)
    why: str = ""
    has_right: bool = False

    @property
    def has_gap(self) -> bool:
        """Whether something of the template is still to be filled in."""
        return any(GAP in text for text in (self.text, *self.choices, self.why))


def read_quiz(text: str) -> list[Question]:
    """Raises CraftError."""
    if len(text) > MAX_TEXT:
        raise CraftError("quiz.long", characters=MAX_TEXT)
    questions: list[Question] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            _line(questions, number, line.strip()[0], " ".join(line.strip()[1:].split()))
    for question in questions:
        if not question.has_right:
            raise CraftError("quiz.no_right", line=question.line)
        if len(question.choices) < 2:
            raise CraftError("quiz.one_choice", line=question.line)
    if not questions:
        raise CraftError("quiz.none")
    return questions


def _line(questions: list[Question], number: int, sign: str, text: str) -> None:
    """Add what stands in one line to the last question, or begin another."""
    if sign not in "?+-!":
        raise CraftError("quiz.sign", line=number)
    if not text:
        raise CraftError("quiz.empty", line=number)
    if len(text) > MAX_LINE:
        raise CraftError("quiz.line", line=number, maximum=MAX_LINE, found=len(text))
    if not text.isprintable():
        raise CraftError("quiz.signs", line=number)
    if sign == "?":
        if len(questions) == MOST_QUESTIONS:
            raise CraftError("quiz.questions", line=number, maximum=MOST_QUESTIONS)
        questions.append(Question(text, number))
        return
    if not questions:
        raise CraftError("quiz.before", line=number)
    question = questions[-1]
    if sign == "!":
        if question.why:
            raise CraftError("quiz.two_whys", line=number)
        question.why = text
        return
    if text in question.choices and text != GAP:
        raise CraftError("quiz.twice", line=number)
    if len(question.choices) == MOST_CHOICES:
        raise CraftError("quiz.choices", line=number, maximum=MOST_CHOICES)
    if sign == "+":
        if question.has_right:
            raise CraftError("quiz.two_right", line=number)
        question.has_right = True
        question.choices.insert(0, text)
    else:
        question.choices.append(text)
