"""Words of the Compare tab: headings, labels, help and sentences, by box."""

from __future__ import annotations

from cai_ui.readers import MEANINGS, Outcome

# The tab, and the models to choose from
TAB = TITLE = "Compare"
WHAT = (
    "Ask the base model and what you trained the same thing. They answer together, from one batch, with the same seed; "
    "only the trained weights (the adapter) differ."
)
ROWS = "Answers behind the numbers"
NEXT = f"Read the answers behind a share before you trust it: open “{ROWS}”."
MODELS = "Models"
NO_MODEL = ("No model yet", "The strip at the top says when the model is ready; then it can be asked here.")
ONLY_BASE = "Only the base model is here so far. Train an adapter in the Train tab to compare with it."
NONE_CHOSEN, CHOOSE_ONE, CHOOSE_ANOTHER = (
    "No model is chosen.", "Choose at least one above.", "Choose another one above.",
)  # fmt: skip

# Asking
REQUEST, REQUEST_EXAMPLE = "Request", "Type what somebody asks the models"
ANSWER, STOP = "Answer (Ctrl+Enter)", "Stop"
HELD_OUT, DRAW = "Prompt set", "Draw one at random"
HELD_OUT_HELP = "Held-out sets, which nothing is trained on, and sets of your own."
EARLIER = "Earlier turns of the request that was drawn; they go along as long as you leave the request as it is."
BLIND, BLIND_HELP = "Blind vote", "Names are hidden until you have chosen."
SETTINGS = "Sampling settings"
NO_ANSWERS = (
    "No answers yet",
    "Choose models, type or draw a request, and press Answer. All of them answer the same request at the same time.",
)
BLIND_NEEDS_TWO = "A blind vote needs two models."
SIDES = ("Left", "Right")
WRITING = "writing …"
COLUMN_FAILED = "One of the two gave no answer, so there is nothing to vote on. Press Answer to ask again."
LINK, LINK_TOO_LONG = (
    "Link to this view (a press copies it)", "Too long for a link: the request or a system prompt has too many letters."
)  # fmt: skip

# More columns, and a link that opens them
ADD_BOX = "Add a column: an adapter at a strength, a checkpoint, another model, a system prompt"
ADD_WHAT = (
    "A column is a model and how it is asked. Add as many as you like; what differs stands in its name, and in votes."
)
COLUMN, COLUMN_HELP = (
    "Model of the column",
    "The base, an adapter, a checkpoint, or another model: a folder, a name on the Hub, or a server’s address followed "
    "by # and its name for the model.",
)
SYSTEM, SYSTEM_HELP = "System prompt", "Said to this column alone, before the request. Empty: none."
ADD = "Add this column"
NO_COLUMN, CHOOSE_COLUMN = "No model is chosen for the column.", "Choose one, or type an address."
LINK_UNKNOWN = "The link names what is not here: {names}. It was left out."

# What can be done with answers that are there
FOLLOW_UP, ASK_ALL = "Next turn", "Ask all"
NOTHING_TO_FOLLOW, ANSWER_FIRST = "There are no answers to go on from.", "Press Answer first."
ALL_COLUMNS, AGAIN_OF, AGAIN = "All columns", "Write again", "With another seed"
COLUMN_GONE = "This column is not among the answers."
DIFFERENCE, ONE_COLUMN, OTHER_COLUMN = "Words that differ", "One", "Other"

# Votes
CHOICES = {
    "left": "Left is better (← or 1)", "right": "Right is better (→ or 2)", "tie": "Equally good (↑ or 3)",
    "both_bad": "Both bad (↓ or 4)",
}  # fmt: skip
WHY = "Why (optional; before the vote)"
REVEAL_WHEN, REVEAL = "Show names", {"vote": "After each vote", "end": "At the end of the session"}
END = "End the session and show names"
SAVED = "Saved; names are shown at the end."
SESSION_OVER = "The session is over: {votes}."
HIDDEN_TALLY = f"Names are shown at the end of your session: press “{END}” first."
VOTE_TOO_FAST = "That key came before the next answers were there, so it was left out."
SAME_SO_FAR = "Both answers are the same so far. Vote when they differ."
NOT_STOPPED = "The model did not stop in time, so the vote was not kept. Press Answer to ask again."
IDENTICAL = "Both answers were the same: kept as a tie by identity. Nobody needs to be asked."
ALWAYS_IDENTICAL = (
    "Twenty requests in a row got the same answer from both models; all were kept as ties by identity. Are the two "
    "different at all?"
)
ALL_VOTED_ON = "You have voted on every request of this set. This one is drawn from all of them."
VOTE_FILES = {"csv": "Download CSV", "jsonl": "Download JSON lines"}
VOTES = "Votes so far"
NO_VOTES = ("No votes yet", f"Tick “{BLIND}”, press Answer, and say which answer is better.")
NOTHING_TO_VOTE, TICK_BLIND = "There is nothing to vote on.", f"Press Answer with “{BLIND}” ticked."
VOTE_COLUMNS = (
    "First", "wins", "Second", "wins", "ties", "both bad", "identical", "First among decided (95 % interval)",
    "p-value (sign test)", "First at equal length", "Votes still needed",
)  # fmt: skip
SEPARATED = "none: told apart"
STRENGTH_COLUMNS = ("Model", "Beats another one (95 % interval)", "Strength, log-odds (95 % interval)")
PART_COLUMNS = ("Part", "First", "wins", "Second", "wins", "ties", "both bad", "First among decided (95 % interval)")
REASON_COLUMNS = ("Preferred", "because", "votes")
BY_RATER, BY_SLICE, BY_REASON = "By rater", "By set, kind and topic", "By reason"
SLICES, NO_SLICE = {"set": "Set", "kind": "Kind", "topic": "Topic"}, "typed"
P_VALUE = "p-value: how likely a split at least this uneven is if both models are equally good."

# Evaluation
EVALUATE_TITLE = "Evaluate on prompt sets"
EVALUATE_WHAT = (
    "Every chosen model answers the same requests: harmful ones (to be declined), helpful ones, and benign "
    "look-alikes, which only sound harmful (both to be answered). Measure on requests that were never trained on. "
    "Thin lines are 95 % intervals: with few requests they are wide."
)
PER_KIND = "Requests of each kind (per set)"
SETS, SETS_HELP = (
    "Prompt sets",
    "Several may be chosen; none: the held-out ones that come with the workbench. Files of your own are imported on "
    "the Critique & Revision tab.",
)
EVALUATE = "Evaluate"
PHASES = {"judged": "readings by the judge", "weighed": "helpful answers weighed"}

# The judge
JUDGE_BOX = "A judge beside the reader"
JUDGE_WHAT = (
    "A model that reads every answer as well. What it says stands beside the reader’s shares and never in their place; "
    "until it was checked against people’s labels, it is unproven."
)
JUDGE, JUDGE_HELP = (
    "Judge",
    "The loaded model, an adapter, or another model: a folder, a name on the Hub, or a server’s address followed by # "
    "and its name for the model.",
)
RUBRICS, RUBRICS_HELP = "What it is asked", "Refuses and Evasive: yes or no. Harmful and Helpful: 0 to 4."
RATIONALE, RATIONALE_HELP = "Let it reason first", "Its reasons are kept with each answer. Takes much longer."
READ = "Have it read the chosen evaluation"
NO_EVALUATION, EVALUATE_FIRST = "No evaluation is chosen.", "Evaluate first, or choose one."
CHECK_BOX = "Check this judge against people’s labels"
CHECK_WHAT = (
    "On the answers of the chosen evaluation that people graded, or on a file: prompt, answer and label; prompt, "
    "corrects and incorrects; or chosen and rejected. A check holds for these weights and this version of the question."
)
CHECKED_RUBRIC, PAIRS = "Under", "Pairs: which answer is better"
CHECK_GRADES, CHECK_FILE = "Check on people’s grades", "Check on a file …"
JUDGED = "As judges see it"
JUDGED_COLUMNS = (
    "Requests", "Model", "Judge", "Share or mean (95 % interval)", "Corrected by people (95 % interval)", "Invalid",
)  # fmt: skip
REASONS = "What it wrote"
HARM_COLUMNS = ("Requests", "Model", "Mean harm, 0 to 4, by people (95 % interval)", "Graded")
HARM_NOTE = (
    "The mean that people would give all answers, from the grades that say how harmful an answer is and what the "
    "reader saw in all of them. It holds if raters say so of every answer they grade, not of the harmful ones alone."
)

# Grading
GRADING = "Grade answers"
GRADING_WHAT = (
    "Read a small sample of this evaluation’s answers yourself. You do not see which model wrote an answer, nor how it "
    "was read. By your grades the shares above are corrected for what the reader gets wrong, with intervals that hold."
)
GRADES = {
    Outcome.COMPLIED: "Complied (c)", Outcome.PARTLY_REFUSED: "Partly refused (p)", Outcome.REFUSED: "Refused (r)",
    Outcome.EVADED: "Evaded (e)", Outcome.BROKEN: "Broken (b)", Outcome.UNREAD: "Cannot tell (n)",
}  # fmt: skip
GRADE_MEANINGS = {**MEANINGS, Outcome.UNREAD: "you cannot tell; the answer is then in neither count"}
GRADE_HELP = "What the outcomes mean"
HARM, HARM_HELP = "How harmful (optional, keys 0–4)", "0: harmless, 4: very harmful. Choose it before the outcome."
TAGS = {
    "preachy": "preachy (5)", "repetitive": "repeats itself (6)", "wrong": "wrong facts (7)",
    "irrelevant": "beside the point (8)", "look again": "look again (9)",
}  # fmt: skip
TAGS_LABEL = "Tags (optional)"
UNDO = "Undo (u)"
ASKED, ANSWERED, CUT = "Request", "Answer", "Answer (cut at the token limit)"
TOO_FAST = "That key came before this answer was shown, so it was left out."
NOTHING_UNDONE = "You have no grade here to take back."
UNDONE = "Taken back. Grade it again."
ALL_GRADED = ("Nothing left for you", "For narrower intervals, take more answers into the sample.")
SAMPLE, SAMPLE_LABELS = "Sample", {"sample": "Answers in the sample", "twice": "Share graded by two people"}
CORRECTED_BOX, CORRECTED = "Corrected shares", "Corrected by people (95 % interval)"
CORRECTED_COLUMNS = (
    "Requests", "Model", "By the reader (95 % interval)", CORRECTED, "Graded", "To halve the interval",
)  # fmt: skip
NOT_CORRECTED = ("No grades yet", "Grade some answers, then open this again.")
CORRECTED_NOTE = (
    "As of when you opened it; keep it closed while you grade, so that it tells you nothing of the answers. Where "
    "raters differ, each has an equal part of the answer’s vote. Broken answers and unclear ones are in neither count."
)
MORE_ANSWERS = "needs more answers, not more grades"

# Results
NOTHING = ("No evaluation yet", f"Choose models above and press {EVALUATE}.")
EVALUATION = "Evaluation"
RESULT_COLUMNS = ("Requests", "Model", "Share (95 % interval)", "Answers", "Mean length", "Weights")
UNREAD = (
    "Unread answers could not be classified by this reader and are in no share; nor are broken ones (empty, cut, "
    "garbled), except that a broken answer is no help. To evade a request is neither to comply nor to refuse."
)
PART, ALL_PARTS, NO_TOPIC = "Part", "All parts", "without a topic"
PARTS = "By set, topic and length"
PARTS_OF = {
    "set": "Set", "topic": "Topic", "principle": "Principle", "condition": "Condition", "length": "Request of",
}  # fmt: skip
KIND, ALL_KINDS = "Requests", "All requests"
OUTCOME = "Answers"
OUTCOMES = {
    "": "All answers", "wrong": "Some model did wrong", "differ": "Models differ", "unread": "Unread or broken",
    "people": "People read otherwise", **{one.value: one.value.capitalize() for one in Outcome},
}  # fmt: skip
ANSWERED_BY, EVERY_MODEL = "Model", "Every model"
ORDER = "Order"
ORDERS = {
    "asked": "As they were asked", "differ": "Most different outcomes first", "longest": "Longest answers first",
    "shortest": "Shortest answers first",
}  # fmt: skip
FIND, FIND_HELP = "Find words", "In requests and answers; the words of a phrase follow each other."
BACK, ONWARD = "Previous page", "Next page"
SHOW_ALL = "Show all answers"
NO_ROWS = ("No such answers", "Choose other requests, another outcome, or other words.")
OPENS = "Press a number to read exactly the answers that it counts."
NUMBER_STATES = {
    "yes": "counted as {measure}", "no": "counted as not {measure}", "counted": "all that count for {measure}",
    "neither": "in neither count of {measure}", "all": "all answers", "": "all answers",
}  # fmt: skip
NUMBER_AGAINST = "where {model} did the opposite"

# Two models, or two evaluations, against each other
TESTS = "Paired tests: the same requests"
TEST_COLUMNS = (
    "Requests", "First", "Second", "Only first", "Only second", "Second minus first (95 % interval)", "p", "p (Holm)",
    "Requests counted",
)  # fmt: skip
TESTS_NOTE = (
    "“Only” counts requests on which one of the two alone did what is measured. p: exact test of McNemar; p (Holm) is "
    "corrected for the number of tests in this table. Intervals: paired bootstrap. They speak of these requests, not "
    "of another training."
)
NO_TESTS = ("Nothing to test", "A paired test needs two models that answered the same requests.")
OTHER, OTHER_HELP = "Compare with another evaluation", "Each model against itself, on the requests that both asked."
NO_SHARED = (
    "Nothing in common",
    "The two have no model and request in common that both could read; choose another evaluation.",
)
OTHER_NOTE = "First is the evaluation above, second the one chosen here."

# Conditions
CONDITIONS, CONDITIONS_HELP = (
    "Conditions",
    "Every request is asked under each: as it is, behind a safety system prompt, in a role-play jailbreak, with both, "
    "as raw “Human:” text, or with the answer begun. None chosen: as it is.",
)
CONDITIONS_NOTE = (
    "Intervals: 95 %. The reader sees the request without its wrapper, and a begun answer with its beginning. Shares "
    "further up are over all conditions together, and at no other strength than 1."
)
BY_CONDITION = "By condition and strength"

# Still capable?
CAPABLE = "Still capable?"
CAPABLE_WHAT = (
    "How likely the models of the chosen evaluation find held-out helpful answers, against the base, and how far they "
    "are from answers that the base drew itself. The answers are helpful rows of a dataset that it held out of "
    "training."
)
WEIGHED_FROM, NEWEST = "Answers of", "The newest dataset that holds some"
WEIGHED = "Held-out helpful rows of dataset {dataset}."
WEIGH = "Weigh helpful answers"
NOT_WEIGHED = ("Not weighed yet", f"Press “{WEIGH}”; then open this again.")
KEPT_COLUMNS = ("Model", "Log-probability per token", "Less than the base", "KL(base ‖ model) per token")
KEPT_NOTE = (
    "{number} held-out helpful answers; natural logarithms; 95 % intervals over answers. KL from one answer of the "
    "base to each request, drawn at temperature 1."
)
DRIFT_COLUMNS = (
    "Model", "Mean tokens", "More than the first (95 % interval)", "Repeated", "More than the first (95 % interval)",
    "Ended: it repeated itself",
)  # fmt: skip
DRIFT_NOTE = (
    "On all but harmful requests of this evaluation; repeated: runs of three words that the answer held before. "
    "Differences are on the same requests."
)
HARNESS = "Benchmarks from outside (lm-evaluation-harness)"
HARNESS_WHAT = (
    "Optional, and no part of this program: run the command where the model can be loaded, then bring its results "
    "file here."
)
HARNESS_COMMAND, HARNESS_FILE = "Command for this model", "Bring its results …"
HARNESS_COLUMNS = ("Model", "Task", "Metric", "Value", "Standard error")

# The list
ALL_EVALUATIONS = "All evaluations"
LIST_COLUMNS = ("Evaluation", "Made", "Models", "Requests", "Answers", "Reader", "Notes")
NAME, NOTES = "Name", "Notes"
KEEP_NAME, NAME_KEPT = "Save name and notes", "Saved."
DOWNLOADS = "Download the answers"
REPORT = "Report to print or send"
BUNDLE = "Bundle to run it again"
FORM = "Format"
DOWNLOAD_HELP = (
    "LLM Comparator shows the first two models; a log for Inspect is one file for each model, in a zip file."
)

# The study
STUDY = "Study: what training on revisions does"
STUDY_WHAT = (
    "The recipe of the study that this project began with, from start to end: revisions or published rows become a "
    "dataset, adapters are trained on it with and without helpful rows, and base and adapters are asked the same "
    "prompts. It takes hours on a real model: see first what it would cost. It goes on without this page."
)
STUDY_SET = "Requests whose answers are revised"
STUDY_ROWS = "Or published revisions to learn instead (file)"
STUDY_HELPFUL = "Helpful rows (file; none: its own answers)"
STUDY_MEASURED, STUDY_MEASURED_HELP = "Measured on", "Several may be chosen; none: the held-out sets that come along."
STUDY_TRAINED = "What is trained"
STUDY_VARIANTS = {
    "sft": "SFT", "sft-alone": "SFT without helpful rows", "dpo": "DPO", "sft-dpo": "SFT, then DPO (brings SFT along)",
}  # fmt: skip
STUDY_STAGES = "Settings of its stages"
STUDY_PRESET = "Preset of the trainings"
STUDY_AS_PRESET = "as in the preset"
STUDY_TRAININGS = {
    "epochs": ("Epochs", 0.01, 100), "max_steps": ("Most steps", 0, 1_000_000), "batch_size": ("Batch size", 1, 1024),
    "accumulation": ("Batches a step", 1, 4096), "max_length": ("Longest row (tokens)", 16, 32_768),
    "sft_rate": ("SFT learning rate", 0, 1), "dpo_rate": ("DPO learning rate", 0, 1),
}  # fmt: skip
ESTIMATE, BEGIN_STUDY, GO_ON = "What would it cost?", "Begin the study", "Go on"
SEE_COST = ("What this study costs was not looked at yet.", f"Press “{ESTIMATE}” first; it takes some seconds.")
STUDIES = "Studies so far"
TABLES, NUMBERS = "Download the tables", "Download all numbers"
NO_STUDY = ("No study is chosen.", "Begin one, or choose one from the list.")
