"""Benchmarks: ratios measured in one run, written to reports/data/, shown in reports/benchmarks.md.

python -m tests.benchmarks            measure, and write data and page
"""
