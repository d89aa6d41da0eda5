"""`python -m gecit.cli`, as the supervisor starts it."""

import sys

from . import main

sys.exit(main())
