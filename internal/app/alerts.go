package app

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/veiviser/veiviser/internal/learn"
)

// countAlerts lets an operator's own alarms go off when something needs the attention of people.
func countAlerts(r prometheus.Registerer, shown func() *learn.Shown) {
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "veiviser_alerts_open", Help: "Alerts that are open: surges of complaints and of negative feedback, and answers that are overdue.",
	}, func() float64 {
		s, open := shown(), 0
		if s == nil {
			return 0
		}
		for _, a := range s.AlertsAt(time.Now()) {
			if a.Over.IsZero() {
				open++
			}
		}
		return float64(open)
	}))
}
