package app_test

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// counted reports whether a step shows what is counted in the background.
func counted(step string) bool {
	switch step {
	case "profile", "profiles", "cases", "recovery", "loyalty", "acquisition":
		return true
	default:
		return false
	}
}

// relation writes what is reported of relationships; false when m is something else. Ids of cases are left out.
func (p *printer) relation(m proto.Message) bool {
	switch m := m.(type) {
	case *veiviserv1.ListCasesResponse:
		p.line("%d opened, %d answered, %d resolved, %d late; mean %s to an answer, %s to the end", m.GetOpened(), m.GetAnswered(),
			m.GetResolved(), m.GetLate(), seconds(m.GetMeanAnswerSeconds()), seconds(m.GetMeanResolveSeconds()))
		for _, c := range m.GetOpen() {
			notes := ""
			if c.GetAnswered() {
				notes += " answered"
			}
			if c.GetOverdue() {
				notes += " overdue"
			}
			p.line("%s %s %s open since %s due %s%s", c.GetCause(), orDash(c.GetSubject()), orDash(c.GetChannel()), at(c.GetOpenTime()),
				at(c.GetDueTime()), notes)
		}
	case *veiviserv1.GetRecoveryResponse:
		for _, g := range []struct {
			name string
			g    *veiviserv1.RecoveryGroup
		}{{"led back", m.GetTreated()}, {"control", m.GetControl()}, {"not drawn", m.GetUndrawn()}} {
			p.line("%s: %d of %d came back (%s), %d by recommending", g.name, g.g.GetRecovered(), g.g.GetPeople(), number(g.g.GetRate()),
				g.g.GetAdvocates())
		}
		p.line("lift %+.2f from %+.2f to %+.2f; %d wait", m.GetLift(), m.GetLiftLow(), m.GetLiftHigh(), m.GetWaiting())
	case *veiviserv1.GetLoyaltyResponse:
		p.line("%d first orders, %d handed over after %s, %d late or wrong deliveries", m.GetFirstOrders(), m.GetHandovers(),
			seconds(m.GetMeanHandoverSeconds()), m.GetDeliveryCases())
		for _, r := range m.GetRungs() {
			p.line("%s: %d people, %d climbed, %d stepped down", r.GetRung(), r.GetPeople(), r.GetPromoted(), r.GetDemoted())
		}
	case *veiviserv1.GetAcquisitionResponse:
		for _, r := range m.GetRows() {
			p.line("%s %s: %d customers worth %.0f, %d handed over; cost %.0f, expected %.0f, margin %+.0f, pays after %g days",
				orDash(r.GetChannel()), orDash(r.GetSegmentId()), r.GetCustomers(), r.GetMeanValue(), r.GetHandovers(), r.GetCost(),
				r.GetExpectedValue(), r.GetMargin(), r.GetBreakEvenDays())
		}
	default:
		return false
	}
	return true
}

// seconds is a number of seconds as people say it.
func seconds(s float64) string {
	return fmt.Sprint(span(time.Duration(s) * time.Second))
}
