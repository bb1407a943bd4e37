"""The face engine: pure numpy and OpenCV, no Django, no tables. Only the process ``zhenxue faces`` imports what is in
here beyond ``limits``; the web must stay without it (tests/architecture/test_faces_apart.py)."""
