package decide

import (
	"cmp"
	"slices"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// orderNeeds puts needs in the order in which they are served; see "Who she is" in the package documentation. The order given
// is most recently touched first, what is only assumed last.
func orderNeeds(views []veiviser.NeedView, subject string, audiences []veiviser.Audience) []veiviser.NeedView {
	if len(views) < 2 || subject == "" && len(audiences) == 0 {
		return views
	}
	keys := make([]turn, len(views))
	for i := range views {
		v := &views[i]
		keys[i].distance = distance(v.Subject, subject)
		if v.New {
			keys[i].assumed = 1
		}
		// Who she is about a subject, its first need says.
		first := slices.IndexFunc(views, func(w veiviser.NeedView) bool { return w.New == v.New && w.Subject == v.Subject })
		keys[i].rank = eligible.Precedence(audiences, views[first].Audience)
	}
	for i := range views { // they are few, large, and mostly in order
		for k := i; k > 0 && keys[k].before(keys[k-1]); k-- {
			keys[k], keys[k-1] = keys[k-1], keys[k]
			views[k], views[k-1] = views[k-1], views[k]
		}
	}
	return views
}

// turn is what the place of a need depends upon.
type turn struct{ distance, assumed, rank int }

func (r turn) before(o turn) bool {
	return cmp.Or(r.distance-o.distance, r.assumed-o.assumed, r.rank-o.rank) < 0
}

// distance is how far what a need is about lies from the subject of a request: 0 is the very subject, 1 above or below it, 2
// elsewhere. Without a subject nothing is far from it.
func distance(about, subject string) int {
	switch {
	case subject == "" || about == subject:
		return 0
	case about != "" && (veiviser.SubjectMatches(about, subject) || veiviser.SubjectMatches(subject, about)):
		return 1
	default:
		return 2
	}
}
