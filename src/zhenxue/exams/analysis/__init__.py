"""What the attempts of an exam say together: answers and times compared, figures of questions. Pure; numpy, no tables.

How it is reckoned, from which sources, and what it may not be used for: docs/explanation/exam-analysis.md.
"""
