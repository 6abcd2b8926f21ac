"""`scripts/bench`: what protection costs and what it survives, as ratios of one run.

Server processes have core 0, the load core 1. Contenders take turns in rounds, so that what else
the machine does meets all of them; figures are medians of the rounds.
"""
