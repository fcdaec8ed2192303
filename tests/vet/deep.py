#!/usr/bin/env python3
"""deep.py LIFOGUARD-VET: V4: what lies too deep, is too long or unfolds without end is left out; the rest is checked.

Each source holds one thing that is nested, or goes on, as often as no compiler takes it; the function below it has a
mistake, which has to be found. The program must neither crash nor take what grows with the square of the length."""
import os
import subprocess
import sys
import tempfile

MANY = 400000

IN_A_FUNCTION = {
    "lists": "int a[] = " + "{" * MANY + "1" + "}" * MANY + ";",
    "casts": "return " + "(int)" * MANY + "1;",
    "compound literals": "return " + "(struct a){" * MANY + "1" + "}" * MANY + ";",
    "sizeofs": "return " + "sizeof " * MANY + "a;",
    "prefixes": "return " + "*!" * MANY + "p;",
    "parentheses": "return " + "(" * MANY + "p" + ")" * MANY + ";",
    "blocks": "{" * MANY + "}" * MANY,
    "statement expressions": "return " + "({" * MANY + "1;" + "})" * MANY + ";",
    "conditions": "if (x) " * MANY + "f();",
    "else branches": "if (x) f(); else " * MANY + "f();",
    "defers": "defer { " * MANY + "}" * MANY,
    "indices": "return " + "a[" * MANY + "1" + "]" * MANY + ";",
    "calls": "return " + "f(" * MANY + "1" + ")" * MANY + ";",
    "calls of results": "return f" + "()" * MANY + ";",
    "members": "return a" + "->b" * MANY + ";",
    "postfixes": "return a" + "++" * MANY + ";",
    "sums": "return a" + "+a" * MANY + ";",
    "products and sums": "return a" + "*a+a" * MANY + ";",
    "alternatives": "if (a" + "||!a" * MANY + ") return 1;",
    "choices": "return " + "a?b:" * MANY + "1;",
    "assignments": "a" + "=a" * MANY + ";",
    "commas": "f()" + ",f()" * MANY + ";",
    "labels": "a: " * MANY + ";",
    "cases": "switch (x) {" + "case 1: " * MANY + "}",
    "pointers": "int " + "*" * MANY + "p;",
    "attributes": "int x " + "__attribute__((a)) " * MANY + ";",
    "designators": "struct a a = {" + ".b" * MANY + "= 1};",
}
DIRECTIVES = {
    "nested branches": "#if 1\n" * MANY + "#endif\n" * MANY,
    "a condition's parentheses": "#if " + "(" * MANY + "1" + ")" * MANY + "\n#endif",
    "a condition's negations": "#if " + "!" * MANY + "1\n#endif",
    "a condition's signs": "#if " + "- " * MANY + "1\n#endif",
    "a condition's alternatives": "#if a" + "||a" * MANY + "\n#endif",
}
MISTAKE = """
int load(const char *name)
{
    FILE *file = fopen(name, "r");
    if (!file)
        return -1;
    return 0;
}
"""


def doubling():
    """Macros, each of which names the one before it ninety times."""
    lines = ["#define A0(x) if (!(x)) return -1;"]
    lines += [f"#define A{i}(x) " + f"A{i - 1}(x) " * 90 for i in range(1, 9)]
    return "\n".join(lines) + "\nint first(int x)\n{\n    A8(x)\n    return 1;\n}\n"


def sources():
    for name, text in IN_A_FUNCTION.items():
        yield name, f"int first(int x)\n{{\n{text}\nreturn 2;\n}}\n"
    for name, text in DIRECTIVES.items():
        yield name, text + "\n"
    yield "macros that double", doubling()
    yield "many names", "int " + ", ".join(f"name_{i}" for i in range(60000)) + ";\n"


def main():
    vet = os.path.realpath(sys.argv[1])
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.c")
        for name, text in sources():
            with open(path, "w", encoding="utf-8") as file:
                file.write(text + MISTAKE)
            done = subprocess.run([vet, "-q", "--no-cache", "-j", "1", "--check", "leak", path],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            if done.returncode != 1 or done.stdout.count(b"[leak]") != 1:
                print(f"{name}: exit status {done.returncode}\n{done.stdout[:500]!r}\n{done.stderr[:500]!r}")
                failed = True
    sys.exit(failed)


main()
