"""What is run, and the table of what came of it."""

import argparse
import random
import sys
from pathlib import Path

from harness.preload import made_of
from harness.sanitize.instrumented import SanitizedNginx, ValgrindNginx
from harness.sanitize.run import Outcome, Run, folder
from harness.sanitize.wrong import KINDS, SANITIZED, wrong

#: What cannot be done in a run that is to prove something.
MUST = ("POSTs", "logins", "logouts")
SHOWN = 4000  # characters of a report


def main() -> int:
    given = options()
    seed = given.seed or f"{random.SystemRandom().randrange(1 << 32):08x}"
    print(f"seed {seed}", flush=True)
    with folder(given.keep) as made:
        preload = wrong(given.wrong, made, [] if given.valgrind else SANITIZED) if given.wrong else None
        if not given.valgrind and not preload:
            preload = made_of(Path(__file__).with_name("watch.rs"), made)
        run = Run(nginx_of(given, preload), given.seconds, seed, given.floods, given.second_verifier, given.memory == "flat")
        outcome = run(made / "nginx")
        print(table(outcome))
        for report in outcome.reports[:5]:
            print(f"\n{report.path}\n{report.text[:SHOWN]}")
        if given.keep:
            print(f"\n{made}")
    return 1 if troubles(outcome) else 0


def options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="scripts/sanitize")
    options.add_argument("module")
    options.add_argument("nginx")
    options.add_argument("seconds", type=float)
    options.add_argument("--valgrind", action="store_true")
    options.add_argument("--seed", help="as an earlier run has printed it")
    options.add_argument("--floods", type=int, default=1, help="processes that throw")
    options.add_argument("--keep", action="store_true", help="the folder of nginx")
    options.add_argument("--wrong", choices=KINDS, help="do this, which must be found")
    options.add_argument("--memory", choices=("flat", "unknown"), default="flat", help="unknown: the time is too short to tell")
    options.add_argument("--second-verifier", action="store_true")
    return options.parse_args()


def nginx_of(given: argparse.Namespace, preload: Path | None):
    """Makes it of a folder, a configuration and its values."""

    kind = ValgrindNginx if given.valgrind else SanitizedNginx

    def make(directory: Path, conf: str, values: dict[str, str]):
        return kind(directory, given.nginx, given.module, conf, values, preload=preload)

    return make


def troubles(outcome: Outcome) -> list[str]:
    missing = [f"no {what}" for what in MUST if not outcome.done[what]]
    if outcome.done["no answer"]:
        missing.append(f"{outcome.done['no answer']} requests had no answer")
    return outcome.troubles + missing


def table(outcome: Outcome) -> str:
    rows = [("seconds", f"{outcome.seconds:.0f}")]
    rows += [(what, f"{number:,}") for what, number in outcome.done.items()]
    rows += [(f"failed: {what}", f"{number:,} ({outcome.reasons[what][:110]})") for what, number in outcome.failed.items()]
    for what, samples in (("memory in use", outcome.samples), ("resident memory", outcome.resident)):
        if samples.taken:
            told = f"{samples.middle:,} KiB, at the end {samples.end:,} KiB ({len(samples.taken)} samples)"
            rows.append((f"{what} of the workers", told))
    rows.append(("reports", str(len(outcome.reports))))
    rows += [("report", what[:200]) for report in outcome.reports for what in report.what[:3]]
    rows += [("TROUBLE", what) for what in troubles(outcome)]
    width = max(len(what) for what, _ in rows)
    return "\n".join(f"{what:<{width}}  {value}" for what, value in rows)


if __name__ == "__main__":
    sys.exit(main())
