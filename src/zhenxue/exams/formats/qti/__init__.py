"""QTI 2.1, 2.2 and 3.0, in and out. Pure. Source: 1EdTech QTI Assessment, Section and Item Information Models."""
