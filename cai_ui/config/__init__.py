"""Every knob, declared once, in a file for each stage: widgets, flags, variables and checks come from here."""
