package eventlog_test

import (
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/veiviser/veiviser/internal/eventlog"
)

func Example() {
	file := "user,what,ts\nana,pv,1511544070\nbo,pv,yesterday\nana,buy,1511544090\n"
	r, err := eventlog.NewReader(strings.NewReader(file), false, eventlog.Options{
		Format:  eventlog.CSV,
		Columns: map[string]string{"visitor_id": "user", "type": "what", "time": "ts"},
		Types:   map[string]string{"pv": "view", "buy": "purchase"},
		Time:    eventlog.Seconds,
	})
	if err != nil {
		log.Fatal(err)
	}
	for row, err := range r.Rows() {
		if bad, ok := errors.AsType[*eventlog.RowError](err); ok {
			fmt.Println("bad:", bad)
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(row.Line, row.VisitorID, row.Type, row.Time.Format("15:04:05"))
	}
	// Output:
	// 2 ana view 17:21:10
	// bad: line 3: the time "yesterday" is not a number of seconds
	// 4 ana purchase 17:21:30
}
