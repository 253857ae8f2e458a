"""The page on which a person reviews doubtful pictures by keyboard."""

from tasks.reports.document import document
from tasks.reports.language import say, speaking

LEAD = "What you say stands against every reader. Nothing is lost: each answer can be taken back."
SENTENCES = (
    "kept", "not kept", "taken back", "nothing to take back", "{left} left", "All done.",
    "Not between {before} and {after}: press Enter again if the picture shows it.",
    "The report is up to date.", "The report follows ...",
)  # fmt: skip


def build_review_page(token: str, language: str) -> str:
    """Return the page; it asks its server, with the token, for pictures and tells it what they show."""
    with speaking(language):
        sentences = {
            sentence: say(sentence, left="{left}", before="{before}", after="{after}")
            for sentence in SENTENCES
        }
        return document(
            "review.html.j2",
            title=("smartmeter", say("pictures to look at")),
            lead=say(
                "What you say stands against every reader. Nothing is lost: each answer can be taken back."
            ),
            script="review.js",
            token=token,
            sentences=sentences,
        )
