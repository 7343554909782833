"""demos/: the stories run as told, at 80 columns, and what they claim holds for other data too."""

from __future__ import annotations

import itertools
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import ArgumentError, Value
from demos import gpt, moons, newton
from demos._network import inputs, network, safe_rate, steepness, steepness_at_fit
from demos._rows import Student, read_students
from demos._terminal import number
from nn import MLP, SGD, TrainingError, binary_cross_entropy, fit, mse, read_table

ROOT = Path(__file__).resolve().parents[1]
PNG = b"\x89PNG\r\n\x1a\n"


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::ResourceWarning", "-m", *command],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "80", **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def told(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    # The lines that name a file are as long as its folder's name has it.
    told_here = [x for x in result.stdout.splitlines() if not re.search(r"\.(png|html)", x)]
    assert max(map(len, told_here)) <= 80
    assert not re.search(r"[ \t]$|\x1b", result.stdout, re.MULTILINE)
    return result.stdout


def words(text: str) -> str:
    """The text with every run of spaces and line ends as one space."""
    return " ".join(text.split())


# The LPA story


@pytest.fixture(scope="module")
def lpa(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    out = tmp_path_factory.mktemp("lpa") / "made" / "by the demo"
    return told(run("demos.lpa", "--out", str(out))), out


def test_lpa_goes_from_step_0_to_step_5(lpa):
    text, _ = lpa
    assert "$" not in text  # all LaTeX has become Unicode
    assert [f"Step {n}" for n in range(6)] == re.findall(r"^Step \d", text, re.MULTILINE)
    for line in (
        "O₁₁ = W₁₁¹ xᵢ₁ + W₂₁¹ xᵢ₂ + b₁₁ = 1·80 + 1·8 + 0 = 88",
        "O₁₂ = W₁₂¹ xᵢ₁ + W₂₂¹ xᵢ₂ + b₁₂ = 1·80 + 1·8 + 0 = 88",
        "ŷ = W₁₁² O₁₁ + W₂₁² O₁₂ + b₂₁ = 1·88 + 1·88 + 0 = 176",
        "L = (y − ŷ)² = (8 − 176)² = 28224",
    ):
        assert f"\n    {line}\n" in text


def test_lpa_sets_all_nine_gradients_beside_the_notes_formulas(lpa):
    text, _ = lpa
    rows = re.findall(r"∂L/∂(\S+) +−2\(y − ŷ\) ?(.*?) +(\d+) +(\d+) +equal\n", text)
    assert rows == [
        ("W₁₁²", "O₁₁", "29568", "29568"),
        ("W₂₁²", "O₁₂", "29568", "29568"),
        ("b₂₁", "", "336", "336"),
        ("W₁₁¹", "W₁₁² xᵢ₁", "26880", "26880"),
        ("W₂₁¹", "W₁₁² xᵢ₂", "2688", "2688"),
        ("b₁₁", "W₁₁²", "336", "336"),
        ("W₁₂¹", "W₂₁² xᵢ₁", "26880", "26880"),
        ("W₂₂¹", "W₂₁² xᵢ₂", "2688", "2688"),
        ("b₁₂", "W₂₁²", "336", "336"),
    ]
    assert "different" not in text


def test_lpa_updates_all_nine_at_once(lpa):
    text, _ = lpa
    assert "W₁₁² 1 29568 0.70432 W₂₁² 1 29568 0.70432 b₂₁ 0 336 −0.00336" in words(text)
    assert "ŷ is now 93.3579, and L = 7285.97" in text


def test_lpa_trains_until_the_loss_has_gone_down(lpa):
    text, _ = lpa
    training = text.partition("Step 5")[2].partition("Found")[0]
    losses = [float(x) for x in re.findall(r"^ +\d+ +([\d.]+)(?: +█+)?$", training, re.MULTILINE)]
    assert len(losses) == 6
    assert losses[-1] < losses[0] / 500
    assert "η = 0.0002" in training
    assert "training stops instead: epoch 2, row 2: " in words(training)


def test_lpa_says_what_is_wrong_in_the_notes(lpa):
    text, _ = lpa
    found = words(text.partition("Found")[2])
    for claim in (
        "∂L/∂b₁₁ is written −2(y − ŷ) W₂₁²",
        "as written, with W₂₁² 848 with W₁₁² 212 backward() 212 (L(b + h) − L(b − h)) / 2h 212",
        "it has W₁₂² and W₂₂², which this network does not have, and lacks W₁₁¹, W₂₁¹, W₁₂¹, W₂₂¹",
        "(3 − 18)² = 225, is of no row",
        "predicts 176, not 18, and its loss is 28224",
    ):
        assert claim in found


def test_lpa_leaves_its_pictures(lpa):
    text, out = lpa
    ends_with_two_lines(text)
    assert sorted(path.name for path in out.iterdir()) == ["graph.png", "loss.png", "network.png"]
    for path in out.iterdir():
        assert path.read_bytes().startswith(PNG)
        assert str(path) in text


def test_lpa_takes_other_data_and_a_plain_terminal(tmp_path):
    data = tmp_path / "students [of] $2026$.csv"
    data.write_text("source,lpa,cgpa,iq\n[/] $x_1$ [bold],12,9,110\nB,4,6,95\n\n", encoding="utf-8")
    result = run(
        "demos.lpa", "--data", str(data), "--out", str(tmp_path / "[red]"), "--epochs", "7",
        PYTHONIOENCODING="ascii",
    )  # fmt: skip
    text = told(result)  # in UTF-8: formulas in ASCII would be all question marks
    assert "[/] $x_1$ [bold]" in text
    assert "[red]/loss.png" in text
    assert "(12 − 238)² = 51076" in text
    assert re.search(r"^ +7 +[\d.]+", text, re.MULTILINE)
    assert "predicts 176, not 18" in words(text)  # the notes' own row, whatever the data


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--data", "nowhere.csv"], "nowhere.csv cannot be read: No such file"),
        (["--lr", "0"], "the learning rate is 0.0"),
        (["--lr", "0.01"], "epoch 2, row 2"),
        (["--epochs", "0"], "0 epochs"),
        (["--out", "LICENSE/pictures"], "LICENSE/pictures"),
    ],
)
def test_lpa_tells_errors_in_words(options, says):
    result = run("demos.lpa", *options)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ")
    assert says in result.stderr
    assert "\nhint: " in result.stderr
    assert "Traceback" not in result.stderr


def test_a_reader_may_close_the_pipe_early():
    command = f"{sys.executable} -m demos.lpa --epochs 1 | head -n 3"
    result = subprocess.run(  # noqa: S602
        command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert len(result.stdout.splitlines()) == 3
    assert result.stderr == ""


# Its data


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("cgpa,iq\n8,80\n", r"rows.csv, line 1: there is no column lpa"),
        ("", "line 1: there is no column cgpa and no column iq and no column lpa"),
        ("cgpa,iq,lpa\n", "has no rows"),
        ("cgpa,iq,lpa\n8,80,8\n7,seventy,7\n", "line 3, column iq: 'seventy' is not a finite"),
        ("cgpa,iq,lpa\n8,80,8\n\n7,70,nan\n", "line 4, column lpa: 'nan' is not a finite"),
        ("cgpa,iq,lpa\n8,80\n", "line 2, column lpa: the cell is empty"),
        ("cgpa,iq,lpa\n8,80,\n", "line 2, column lpa: the cell is empty"),
        ("cgpa,iq,lpa\n7,5,80,8\n", "line 2: more cells than the 3 columns"),
        (b"\xff\xfe\x00", "cannot be read: it is no CSV text in UTF-8"),
    ],
)
def test_a_csv_that_cannot_be_used_is_told_by_file_line_and_column(tmp_path, content, says):
    path = tmp_path / "rows.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ArgumentError, match=re.escape(says).replace("rows.csv", "rows.csv")) as e:
        read_students(path)
    assert str(path) in str(e.value)
    assert "\nhint: " in str(e.value)


def test_the_shipped_rows_say_which_are_the_notes():
    rows = read_students(ROOT / "demos" / "lpa.csv")
    assert rows[:2] == [Student(8, 80, 8, "the notes"), Student(7, 70, 7, "the notes")]
    assert [row.source for row in rows[2:]] == ["added", "added"]


def test_spreadsheets_may_mark_utf_8_and_order_columns_as_they_like(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("\ufefflpa, iq ,cgpa\r\n8,80.5,8\r\n", encoding="utf-8")
    assert read_students(path) == [Student(cgpa=8, iq=80.5, lpa=8)]


# Its learning rate


STUDENTS = st.builds(Student, cgpa=st.floats(4, 10), iq=st.floats(60, 140), lpa=st.floats(3, 30))


def trained(students, rate):
    rows = [(inputs(student), student.lpa) for student in students]
    model = network(W=0.1)
    return model, fit(model, rows, mse, SGD(model.parameters(), rate), epochs=100)


@settings(max_examples=25)
@given(STUDENTS)
def test_of_a_single_row_the_steepness_at_a_fit_is_known(student):
    model, history = trained([student], safe_rate(steepness_at_fit([student])))
    assert history[-1] < 1e-6 * student.lpa
    assert steepness(model, student) == pytest.approx(steepness_at_fit([student]), rel=0.05)


@settings(max_examples=25)
@given(st.lists(STUDENTS, min_size=1, max_size=4))
def test_the_derived_rate_converges_and_twenty_times_the_bound_does_not(students):
    start = network(W=0.1)
    bound = max(*(steepness(start, student) for student in students), steepness_at_fit(students))
    model, history = trained(students, safe_rate(bound))
    assert history[-1] <= history[0]
    assert max(steepness(model, student) for student in students) < 1.05 * bound
    with pytest.raises(TrainingError):
        trained(students, 20 / bound)


@given(st.floats(1e-6, 1e12))
def test_a_safe_rate_is_one_digit_just_below_a_third_of_the_bound(steep):
    rate = safe_rate(steep)
    assert re.fullmatch(r"[1-9]e[+-]\d+", f"{rate:.0e}")
    assert float(f"{rate:.0e}") == rate
    assert 0.5 / (3 * steep) < rate <= 1 / (3 * steep) * (1 + 1e-12)


@pytest.mark.parametrize(
    ("x", "shown"),
    [(28224.0, "28224"), (-0.00336, "−0.00336"), (1e-5, "0.00001"), (0, "0"), (1e10, "10¹⁰")],
)
def test_numbers_are_written_as_people_write_them(x, shown):
    assert number(x) == shown


# The sparse cross-entropy story


def test_sparse_ce_shows_values_sizes_and_times(tmp_path):
    text = told(run("demos.sparse_ce", "--out", str(tmp_path)))
    assert "$" not in text
    ends_with_two_lines(text)
    for row in (
        "1 −log 0.1 2.30259 2.30259 2.30259 (−10, 0, 0)",
        "2 −log 0.4 0.916291 0.916291 0.916291 (0, −2.5, 0)",
        "3 −log 0.5 0.693147 0.693147 0.693147 (0, 0, −2)",
        "z₁ 0.1 0 0.1 z₂ 0.4 1 −0.6 z₃ 0.5 0 0.5",
    ):
        assert row in words(text)
    assert re.findall(r"^ +(10+) +(\d+) +(\d+) ", text, re.MULTILINE) == [
        ("10", "3", "50"), ("1000", "3", "5000"), ("10000", "3", "50000"),
    ]  # fmt: skip
    pictures = sorted(path.name for path in tmp_path.iterdir())
    assert pictures == [f"{form}_{y}.png" for form in ("categorical", "sparse") for y in (1, 2, 3)]
    assert all(path.read_bytes().startswith(PNG) for path in tmp_path.iterdir())


# Rows natively


@pytest.mark.slow
def test_fast_is_fast_and_the_same(tmp_path):
    pytest.importorskip("llvmlite")
    text = words(told(run("demos.fast", "--quick", "--out", str(tmp_path))))
    assert text.count("the same to the last bit") == 2
    assert "NOT" not in text
    assert (tmp_path / "fast.png").read_bytes().startswith(PNG)


def test_fast_without_llvmlite_says_what_to_install(tmp_path):
    (tmp_path / "llvmlite.py").write_text("raise ImportError")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    text = told(run("demos.fast", "--out", str(tmp_path), PYTHONPATH=path))
    assert "pip install -e '.[native]'" in text


# Moons: micrograd's own figures


def test_moons_has_the_losses_that_micrograd_published():
    """Those of demo.ipynb in karpathy/micrograd, step for step."""
    published = read_table(ROOT / "tests" / "micrograd_moons.csv").numbers(["loss", "accuracy"])
    points = read_table(ROOT / "demos" / "moons.csv").numbers(["x", "y", "label"])
    rows = [([x, y], int(label)) for x, y, label in points]
    random.seed(1337)
    losses, right, _ = moons.train(MLP(2, [16, 16, 1]), rows)
    assert losses == pytest.approx([loss for loss, _ in published], rel=1e-11)
    assert right[:-1] == pytest.approx([accuracy / 100 for _, accuracy in published])
    assert right[-1] == 1.0


def test_moons_are_scikit_learns():
    datasets = pytest.importorskip("sklearn.datasets")
    np.random.seed(1337)  # as the notebook has it
    x, y = datasets.make_moons(n_samples=100, noise=0.1)
    points = read_table(ROOT / "demos" / "moons.csv").numbers(["x", "y", "label"])
    assert points == pytest.approx(
        np.column_stack([x, 2 * y - 1]), rel=1e-12, abs=1e-15
    )  # the last bits are the processor's


def ends_with_two_lines(text: str) -> None:
    learned = text.partition("Learned")[2].splitlines()[1:]
    assert len([line for line in learned if line.strip()]) == 2


def test_moons_tells_its_story(tmp_path):
    text = told(run("demos.moons", "--out", str(tmp_path)))
    assert "0 0.895844102868 50%" in words(text)
    assert "99 0.010978370135 100%" in words(text)
    ends_with_two_lines(text)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "boundary.png", "gradients.png", "loss.png",
    ]  # fmt: skip
    assert all(path.read_bytes().startswith(PNG) for path in tmp_path.iterdir())


# Digits


@pytest.mark.slow
def test_digits_reads_95_of_100_right_in_under_a_minute(tmp_path):
    pytest.importorskip("sklearn")
    pytest.importorskip("llvmlite")
    text = told(run("demos.digits", "--out", str(tmp_path)))
    found = re.search(r"([\d.]+) seconds, natively: ([\d.]+)% of the digits held", words(text))
    assert float(found[1]) < 60
    assert float(found[2]) >= 95
    ends_with_two_lines(text)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["confusion.png", "loss.png", "wrong.png"]


def test_digits_without_scikit_learn_says_what_to_install(tmp_path):
    (tmp_path / "sklearn.py").write_text("raise ImportError")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    text = told(run("demos.digits", "--out", str(tmp_path / "out"), PYTHONPATH=path))
    assert "pip install -e '.[all,demos]'" in text


# Irises, and Newton's method on them


def test_iris_tells_its_story(tmp_path):
    text = told(run("demos.iris", "--out", str(tmp_path)))
    assert "$" not in text
    assert "setosa 5.01 3.43 1.46 0.246" in words(text)  # the means that everybody has
    assert text.count(" equal\n") == 3
    assert "different" not in text
    assert "∂L/∂W₃₂¹ = ∂L/∂ŷ₂ · ∂ŷ₂/∂W₃₂¹" in text
    assert float(re.search(r"Of all 150 flowers ([\d.]+)% are right", words(text))[1]) > 95
    ends_with_two_lines(text)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["confusion.png", "derivation.html", "loss.png", "petals.png"]


def test_newton_doubles_the_digits(tmp_path):
    text = told(run("demos.newton", "--out", str(tmp_path)))
    steps = re.findall(r"^ +\d+ +(0\.\d{15}) +(\S+) +(\S+)$", text, re.MULTILINE)
    norms = [float(norm) for _, norm, _ in steps]
    assert len(steps) == 10
    assert norms[-1] < 1e-14
    # Quadratic: each error is at most a constant times the square of the one before.
    errors = [float(error) for *_, error in steps]
    assert all(b < 1.0 * a * a for a, b in itertools.pairwise(errors))
    assert "Newton was there in 6" in text
    ends_with_two_lines(text)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["descent.png", "gradients.png", "newton.png"]


def test_newton_agrees_with_scipy(tmp_path):
    pytest.importorskip("scipy")
    rows, targets = newton.flowers()

    def loss(w):
        logits = [w[0] * a + w[1] * b + w[2] for a, b in rows]
        return binary_cross_entropy(logits, targets, from_logits=True)

    ours = newton.newton(loss, [0.0, 0.0, 0.0])[-1]
    from scipy.optimize import minimize  # noqa: PLC0415

    theirs = minimize(lambda w: loss([Value(float(x)) for x in w]).data, [0.0] * 3, tol=1e-12)
    assert ours == pytest.approx(list(theirs.x), abs=1e-4)


# The GPT


def test_a_gpt_looks_back_and_never_ahead():
    model = gpt.GPT(random.Random(1))
    name = gpt.one_hot(".anna")
    whole = model(name)
    for length in range(1, 5):
        part = model(name[:length])
        assert [[z.data for z in row] for row in part] == [
            [z.data for z in row] for row in whole[:length]
        ]
    other = model(gpt.one_hot(".inna"))
    assert [z.data for z in other[0]] == [z.data for z in whole[0]]
    assert [z.data for z in other[3]] != [z.data for z in whole[3]]


def test_its_loss_is_the_mean_over_the_letters_that_there_are():
    model = gpt.GPT(random.Random(1))
    logits = model(gpt.one_hot(".bo"))
    each = []
    for z, letter in zip(logits, "bo.", strict=False):
        numbers = np.array([x.data for x in z])
        each.append(np.log(np.exp(numbers).sum()) - numbers[gpt.LETTERS.index(letter)])
    assert gpt.loss(logits, gpt.one_hot("bo.")).data == pytest.approx(np.mean(each))


def test_the_names_are_as_told():
    names = (ROOT / "demos" / "names.txt").read_text(encoding="utf-8").split()
    assert len(names) == len(set(names)) > 300
    assert all(re.fullmatch("[a-z]{1,8}", name) for name in names)


@pytest.mark.slow
def test_gpt_makes_up_names(tmp_path):
    pytest.importorskip("llvmlite")
    text = told(run("demos.gpt", "--out", str(tmp_path)))
    made_up = text.partition("Made up:")[2].partition("Picture")[0]
    names = re.findall(r"[a-z]+", made_up)
    assert len(names) == 28
    with_vowel = [name for name in names if re.search("[aeiouy]", name) and len(name) > 2]
    assert len(with_vowel) > 22
    losses = re.findall(r"^ +\d+ +([\d.]+) +([\d.]+)$", text, re.MULTILINE)
    assert float(losses[-1][0]) < 2.1 < 2.5 < float(losses[0][0])
    ends_with_two_lines(text)


# LPA's options


def test_lpa_goes_on_where_it_stopped(tmp_path):
    def losses(*options):
        text = told(run("demos.lpa", *options))
        return re.search(r"epoch +mean loss.*?S of", text, re.DOTALL)[0]

    out = str(tmp_path / "out")
    run("demos.lpa", "--out", out, "--epochs", "2", "--resume")
    resumed = losses("--out", out, "--epochs", "7", "--resume")
    assert resumed == losses("--out", str(tmp_path / "other"), "--epochs", "7")
    assert "training.json" in os.listdir(out)


def test_lpa_takes_other_optimizers(tmp_path):
    text = words(told(run("demos.lpa", "--out", str(tmp_path), "--optimizer", "adam")))
    assert "adam scales its steps itself, so it gets a usual rate: η = 0.01." in text


# The pages


def test_explore_leaves_its_pages(tmp_path):
    result = run("demos.explore", "--out", str(tmp_path))
    assert (result.returncode, result.stderr) == (0, "")
    pages = sorted(tmp_path.iterdir())
    assert [page.name for page in pages] == ["lpa.html", "neuron.html", "softmax.html", "xor.html"]
    for page in pages:
        assert page.name in result.stdout
        assert page.stat().st_size < 150_000
