/** The time left by the server's clock. It is counted with the monotonic timer, so setting the device's clock changes nothing. */
export class ServerClock {
  private base: number;
  private mark = performance.now();

  constructor(
    serverNow: number,
    private deadline: number,
  ) {
    this.base = serverNow;
  }

  /** Takes the server's word again: after every answer, and when the page comes back to the front. */
  sync(serverNow: number, deadline = this.deadline): void {
    this.base = serverNow;
    this.mark = performance.now();
    this.deadline = deadline;
  }

  /** Milliseconds left, never below zero. */
  left(): number {
    return Math.max(0, this.deadline - this.base - (performance.now() - this.mark));
  }
}

export function asTime(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${two(minutes)}:${two(seconds % 60)}`;
}
