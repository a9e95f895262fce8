"""What no text of ours may hold."""

import re

# C0 and C1 control characters and the line separators of Unicode: each could end a header of a letter.
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# In a text of several lines, line feeds and tabs are meant.
CONTROL_CHARACTERS_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
