"""`python -m mailer.embedded` is what `make run` executes."""

import sys

from mailer.embedded.run import main

sys.exit(main())
