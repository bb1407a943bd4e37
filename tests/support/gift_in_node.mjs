/** Reads GIFT by the grammar kept on npm, for tests: text on stdin, its questions as JSON on stdout. */
import { text } from "node:stream/consumers";
import gift from "gift-pegjs";

process.stdout.write(JSON.stringify(gift.parse(await text(process.stdin))));
