"""Results for people, JUnit XML and JSON."""
import json
import xml.etree.ElementTree as ElementTree


class Report:
    def __init__(self, seed):
        self.seed = seed
        self.checks = []  # (what, cut, problems, seconds)

    def add(self, what, cut, problems, seconds):
        self.checks.append((what, cut, problems, seconds))

    @property
    def failures(self):
        return [check for check in self.checks if check[2]]

    def survived(self):
        """For each program: checks passed and checks made."""
        counts = {}
        for what, _, problems, _ in self.checks:
            passed, made = counts.get(what, (0, 0))
            counts[what] = (passed + (not problems), made + 1)
        return counts

    def write_json(self, path, cuts, seconds, acknowledged):
        with open(path, "w") as file:
            json.dump({
                "seed": self.seed, "cuts": cuts, "seconds": round(seconds, 1), "acknowledged": acknowledged,
                "survived": {what: {"passed": passed, "made": made} for what, (passed, made) in self.survived().items()},
                "failures": [{"check": what, "cut": cut, "problems": problems} for what, cut, problems, _ in self.failures],
            }, file, indent=2)
            file.write("\n")

    def write_junit(self, path):
        suite = ElementTree.Element("testsuite", name="power-cut", tests=str(len(self.checks)), failures=str(len(self.failures)))
        for what, cut, problems, seconds in self.checks:
            case = ElementTree.SubElement(suite, "testcase", classname=f"power-cut.{what}", name=f"cut {cut} (seed {self.seed})", time=f"{seconds:.2f}")
            if problems:
                ElementTree.SubElement(case, "failure", message=printable(problems[0])).text = printable("\n".join(problems))
        ElementTree.ElementTree(suite).write(path, encoding="unicode", xml_declaration=True)


def printable(text):
    """XML has no way to write control characters."""
    return "".join(letter if letter >= " " or letter == "\n" else "?" for letter in text)
