// A layer's grid of now: read once, then kept by what the event stream tells.
import type { Grid, Layer } from "./grid";

// The event `cells`.
export interface CellsEvent {
  time: string;
  layer: Layer;
  before: string; // The ETag of the grid that it goes on from.
  etag: string; // Of the grid with these cells.
  cells: number[][] | null; // Null: the grid has to be read.
}

// The server tells each 5 s.
export const FOLLOWED_FOR_MS = 12_000;

export class FollowedGrid {
  grid: Grid | null = null;
  private etag: string | null = null;
  private readAt = Number.NEGATIVE_INFINITY;
  private toldAt = Number.NEGATIVE_INFINITY;

  isHeld(etag: string | null): boolean {
    return this.grid !== null && etag !== null && etag === this.etag;
  }

  // What the server answered; `grid` is null if it is the one that is held.
  read(grid: Grid | null, etag: string | null, now: number): void {
    if (grid) this.grid = grid;
    this.etag = etag;
    this.readAt = now;
  }

  // Whether there is another grid now. An event that does not go on from this grid is no news: a grid
  // that was read meanwhile may be ahead of it, or events were missed.
  tell({ time, before, etag, cells }: CellsEvent, now: number): boolean {
    const goesOn = this.isHeld(before) && cells !== null;
    if (!goesOn && !this.isHeld(etag)) {
      this.lose();
      return false;
    }
    this.toldAt = now;
    if (!goesOn || this.isHeld(etag)) return false;
    this.etag = etag;
    this.grid = this.grid?.with(cells, time) ?? null;
    return true;
  }

  // The stream ended.
  lose(): void {
    this.toldAt = Number.NEGATIVE_INFINITY;
  }

  // Whether the stream tells what changes, so that nobody has to read.
  isFollowed(now: number): boolean {
    return now - this.toldAt <= FOLLOWED_FOR_MS;
  }
  sinceRead(now: number): number {
    return now - this.readAt;
  }
}
