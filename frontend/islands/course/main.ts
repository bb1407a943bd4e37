/** The course page needs a few styles of its own and no behaviour. */
import "./course.css";
