"""Benchmarks: ratios measured in one run, written to reports/data/ and shown in benchmarks.md.

python -m tests.benchmarks            measures, and writes data and page
"""
