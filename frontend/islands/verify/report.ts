/** What a check found, in the sentences that the independent tool says too. */
import { BROWSER_WORDS, WORDS, type Word } from "./words.ts";

export type Values = Record<string, string | number>;

const MOST_FAULTS = 20;

/** One thing that does not fit. */
export class Broken extends Error {
  readonly word: Word;
  readonly values: Values;

  constructor(word: Word, values: Values = {}) {
    super(word);
    this.word = word;
    this.values = values;
  }
}

/** A value as it may be shown: no control characters, not longer than a line or two. */
export function shown(value: string | number): string {
  const text = String(value).replace(/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, "?");
  const letters = [...text];
  return letters.length <= 200 ? text : `${letters.slice(0, 200).join("")}…`;
}

export function say(word: Word, values: Values = {}): string {
  const sentence = (WORDS as Record<string, string>)[word] ?? (BROWSER_WORDS as Record<string, string>)[word] ?? word;
  return sentence.replace(/\{(\w+)\}/g, (_, name: string) => shown(values[name] ?? ""));
}

export class Report {
  readonly faults: string[] = [];
  readonly proven: string[] = [];
  readonly limits: string[] = [];
  isTrusted = false;

  fault(word: Word, values: Values = {}): void {
    this.add(say(word, values));
  }

  /** The faults of another report, after one's own. */
  absorb(other: Report): void {
    for (const sentence of other.faults) this.add(sentence);
  }

  private add(sentence: string): void {
    if (this.faults.length < MOST_FAULTS) this.faults.push(sentence);
    else if (this.faults.length === MOST_FAULTS) this.faults.push(say("fault.more"));
  }

  /** 0: everything holds; 1: something does not fit; 3: nothing contradicts, but it cannot be decided. */
  get status(): 0 | 1 | 3 {
    return this.faults.length ? 1 : this.isTrusted ? 0 : 3;
  }
}

/** POSIX seconds in China's civil time. */
export function civil(seconds: number): string {
  const moment = new Date((seconds + 8 * 3600) * 1000);
  if (Number.isNaN(moment.getTime()) || seconds > 253402271999) return `第 ${seconds} 秒`;
  return moment.toISOString().slice(0, 19).replace("T", " ");
}
