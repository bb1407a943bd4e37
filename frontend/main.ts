/** The script of every page: htmx and the small behaviours. Pages work without it for the core flows. */
import "./styles/main.css";
import "htmx.org";
import { start } from "./controllers/start";

start();
