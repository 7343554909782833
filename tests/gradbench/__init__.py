"""An adapter to GradBench, a benchmark of automatic differentiation: https://gradben.ch.

`python -m tests.gradbench` is a tool in GradBench's sense: it reads one JSON message a line and
answers each, by Chalkgrad's public functions alone. In a clone of GradBench, from the folder that
this one is in:

    ./gradbench run --eval "./gradbench repo eval hello" --tool "python -m tests.gradbench"

Each file beside this one is a module of the benchmark: what GradBench asks of it (its README under
evals/), written anew, and a table FUNCTIONS of what can be asked for by name.
"""
