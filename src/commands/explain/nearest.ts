/** The names most like one that is none, the likest first. */
export function nearestNames(asked: string, names: readonly string[]): string[] {
  const distances = names.map((name) => [name, distanceOf(asked, name)] as const)
  return distances
    .toSorted(([, one], [, other]) => one - other)
    .slice(0, 5)
    .map(([name]) => name)
}

/** Letters to change, add or leave out on the way from one to the other; fewer where one is part of the other. */
function distanceOf(one: string, other: string): number {
  if (other.includes(one)) return (other.length - one.length) / other.length
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1]
    for (let j = 0; j < other.length; j++)
      next.push(
        Math.min(
          (row[j] ?? 0) + (letter === other[j] ? 0 : 1),
          (row[j + 1] ?? 0) + 1,
          (next[j] ?? 0) + 1,
        ),
      )
    row = next
  }
  return row[other.length] ?? 0
}
