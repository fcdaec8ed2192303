// serve_lifoguard.c in Go: `serve echo` and `serve http`, with net/http. They print their port.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func echo(connection net.Conn) {
	defer connection.Close()
	buffer := make([]byte, 4096)
	for {
		got, err := connection.Read(buffer)
		if err != nil {
			return
		}
		if _, err = connection.Write(buffer[:got]); err != nil {
			return
		}
	}
}

func acceptAll(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			os.Exit(1)
		}
		go echo(connection)
	}
}

func hello(to http.ResponseWriter, request *http.Request) {
	to.Header().Set("Content-Type", "text/plain")
	io.WriteString(to, "hello\n")
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		os.Exit(1)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	if len(os.Args) > 1 && os.Args[1] == "http" {
		http.Serve(listener, http.HandlerFunc(hello))
	}
	acceptAll(listener)
}
