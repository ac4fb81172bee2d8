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
	keyed := make([]ranked, len(views))
	for i := range views {
		v := &views[i]
		keyed[i] = ranked{view: *v, distance: distance(v.Subject, subject)}
		if v.New {
			keyed[i].assumed = 1
		}
		// Who she is about a subject, its first need says.
		first := slices.IndexFunc(views, func(w veiviser.NeedView) bool { return w.New == v.New && w.Subject == v.Subject })
		keyed[i].rank = eligible.Precedence(audiences, views[first].Audience)
	}
	slices.SortStableFunc(keyed, func(a, b ranked) int {
		return cmp.Or(a.distance-b.distance, a.assumed-b.assumed, a.rank-b.rank)
	})
	for i := range keyed {
		views[i] = keyed[i].view
	}
	return views
}

// ranked is a need with what its place depends upon.
type ranked struct {
	view                    veiviser.NeedView
	distance, assumed, rank int
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
