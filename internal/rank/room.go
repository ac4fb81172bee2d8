package rank

// maxGroups is how many groups there may be.
const maxGroups = 64

// rooms is how much of each group was picked.
type rooms struct {
	used   [maxGroups]uint8
	closed uint64
}

// closed are the groups that have no room at all.
func closed(room []int) (groups uint64) {
	for i, n := range room[:min(len(room), maxGroups)] {
		if n <= 0 {
			groups |= 1 << i
		}
	}
	return groups
}

// take notes a pick, and reports whether a group has no room any more.
func (r *rooms) take(groups uint64, room []int) (full bool) {
	if groups == 0 {
		return false
	}
	for i, n := range room[:min(len(room), maxGroups)] {
		if groups&(1<<i) == 0 {
			continue
		}
		if r.used[i]++; int(r.used[i]) == n {
			r.closed, full = r.closed|1<<i, true
		}
	}
	return full
}

// open leaves out the arms of closed groups, keeping the order.
func open(arms []arm, cands []Candidate, closed uint64) []arm {
	if closed == 0 {
		return arms
	}
	n := 0
	for _, a := range arms {
		if cands[a.index].Groups&closed == 0 {
			arms[n] = a
			n++
		}
	}
	return arms[:n]
}
