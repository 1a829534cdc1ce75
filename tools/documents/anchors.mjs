// Names of headings in links, as GitHub makes them: for the test of links, and for the site.

/** Gives the anchors of a document's headings, one after another; what occurs again gets a number. */
export function anchorMaker() {
  const taken = new Map();
  return (heading) => {
    const anchor = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
    const count = taken.get(anchor) ?? 0;
    taken.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  };
}
