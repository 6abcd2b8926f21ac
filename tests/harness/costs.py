"""What the suite costs: the seconds of each test file, set-up and clean-up included."""

from collections import Counter

SHOWN = 10


def pytest_terminal_summary(terminalreporter):
    seconds = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if hasattr(report, "duration"):
                seconds[report.nodeid.partition("::")[0]] += report.duration
    if len(seconds) < 2:
        return
    terminalreporter.write_sep("=", f"seconds by file, {len(seconds)} files")
    for file, sum_of_file in seconds.most_common(SHOWN):
        terminalreporter.write_line(f"{sum_of_file:7.1f}  {file}")
    terminalreporter.write_line(f"{seconds.total():7.1f}  all")
