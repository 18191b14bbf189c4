"""Look the data over as a careful colleague would, before anything is trained on it. A check is a file of this folder.

Each gives what it found with what it proposes, and the data as it is once that is agreed to; nothing is changed in
the sources.
"""

from ragqa.finetune.checking.findings import Checked, Finding

__all__ = ["Checked", "Finding"]
