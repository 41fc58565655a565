// Go as a client: `connect PORT`, told as connect.ts is.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
)

const atOnce = 16

func exchange(to string, message []byte, buffer []byte) {
	c, err := net.Dial("tcp", to)
	if err != nil {
		panic(err)
	}
	defer c.Close()
	if _, err := c.Write(message); err != nil {
		panic(err)
	}
	n := 0
	for {
		read, err := c.Read(buffer)
		n += read
		if err == io.EOF {
			break
		}
		if err != nil {
			panic(err)
		}
	}
	if n != len(message) {
		panic(n)
	}
}

func main() {
	message := make([]byte, 64)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		count, _ := strconv.Atoi(lines.Text())
		var group sync.WaitGroup
		for i := 0; i < atOnce; i++ {
			group.Add(1)
			go func(share int) {
				defer group.Done()
				buffer := make([]byte, 1024)
				for j := 0; j < share; j++ {
					exchange("127.0.0.1:"+os.Args[1], message, buffer)
				}
			}((count + i) / atOnce)
		}
		group.Wait()
		fmt.Println("done")
	}
}
