"""A run in words and tables."""

from collections import Counter

from harness.bench.report import table
from harness.soak.ledger import Ledger
from harness.soak.verdict import BOUNDS, Growth


def report(how: str, grown: list[Growth], ledger: Ledger, faults: list[str]) -> str:
    parts = [how, answers(ledger), growth(grown)]
    parts += ["Nothing is wrong."] if not faults else ["\n".join(f"- {fault}" for fault in faults)]
    if ledger.told:
        parts.append("\n".join(f"- {line}" for line in ledger.told))
    return "\n\n".join(parts) + "\n"


def answers(ledger: Ledger) -> str:
    hosts = list(dict.fromkeys(host for host, _ in ledger.asked))
    kinds: Counter = Counter()
    for (_, kind), count in ledger.asked.items():
        kinds[kind] += count
    rows = [
        [kind, *(f"{ledger.asked[host, kind]:,}" for host in hosts),
         str(sum(ledger.wrong[host, kind] for host in hosts))]
        for kind, _ in kinds.most_common()
    ]  # fmt: skip
    return table(["what", *hosts, "wrong"], rows)


def growth(grown: list[Growth]) -> str:
    hosts = list(dict.fromkeys(one.host for one in grown))
    found = {(one.host, one.name): one for one in grown}
    rows = []
    for name, bound in BOUNDS.items():
        cells = [found[host, name] for host in hosts]
        rows.append([name, *(f"{cell.mean:,.1f} ({cell.by:+,.1f})" for cell in cells), f"{bound:,}"])
    return table(["second half: mean (growth)", *hosts, "may grow by"], rows)
