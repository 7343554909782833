"""Writes the texts of the pictures anew."""

from tests.pictures import GRAPHS, file_of

if __name__ == "__main__":
    for name, make in GRAPHS.items():
        file_of(name).write_text(make().source, encoding="utf-8")
        print(file_of(name))
